import type { RowGenerator } from './world.ts';
import { mixed, reference, someMoment, someText, userReference } from './world.ts';

export const fulfilmentRows: Record<string, RowGenerator> = {
  'Fulfilment.Warehouse': {
    count: () => 9,
    rows: (world, random) => () => ({
      Name: `${random.pick(world.texts.cities)} 倉庫`,
      CountryCode: reference(world, random, 'CustomerCore.Country'),
      ManagerId: userReference(world, random),
      IsOpen: random.chance(0.8),
    }),
  },
  'Fulfilment.StockLevel': {
    count: (size) => Math.max(5, Math.ceil(size / 20)),
    rows: (world, random) => {
      const warehouses = world.ids('Fulfilment.Warehouse');
      const products = world.ids('ProductCatalog.Product');
      return (index) => ({
        // Pairs are unique: products in turn, the next warehouse with every round.
        WarehouseCode: warehouses[Math.floor(index / products.length) % warehouses.length]!,
        ProductId: products[index % products.length]!,
        Quantity: mixed(random, 0, () => `${random.below(5000)}.5`),
        CountedOn: someMoment(random),
      });
    },
  },
  'Fulfilment.Shipment': {
    count: (size) => Math.max(6, Math.ceil(size / 6)),
    rows: (world, random) => () => ({
      OrderId: reference(world, random, 'Sales.Order', 0),
      WarehouseCode: reference(world, random, 'Fulfilment.Warehouse'),
      CarrierId: reference(world, random, 'Fulfilment.Carrier'),
      ReturnRequestId: reference(world, random, 'Fulfilment.ReturnRequest', 0.8),
      TrackingCode: mixed(random, '', () => `TRK${random.below(1e9)}`),
      ShippedOn: someMoment(random),
      DeliveredOn: someMoment(random),
    }),
  },
  'Fulfilment.ShipmentLine': {
    count: (size) => Math.max(6, Math.ceil(size / 4)),
    rows: (world, random) => () => ({
      ShipmentId: reference(world, random, 'Fulfilment.Shipment', 0),
      OrderLineId: reference(world, random, 'Sales.OrderLine', 0.05),
      Quantity: mixed(random, 0, () => `${random.below(500)}.125`),
    }),
  },
  'Fulfilment.ShipmentEvent': {
    count: (size) => Math.max(6, Math.ceil(size / 8)),
    rows: (world, random) => () => ({
      ShipmentId: reference(world, random, 'Fulfilment.Shipment'),
      At: someMoment(random),
      Message: someText(random, world.texts.sentences, 500),
      Code: mixed(random, 0, () => random.below(900)),
    }),
  },
  'Fulfilment.ReturnRequest': {
    count: (size) => Math.max(5, Math.ceil(size / 60)),
    rows: (world, random) => () => ({
      OrderId: reference(world, random, 'Sales.Order'),
      ReplacementShipmentId: reference(world, random, 'Fulfilment.Shipment', 0.5),
      HandledBy: userReference(world, random),
      Reason: someText(random, world.texts.paragraphs, 1000),
      IsAccepted: mixed(random, false, () => random.chance(0.6)),
    }),
  },
  'FleetCare.Vehicle': {
    count: () => 15,
    rows: (world, random) => (index) => ({
      Plate: `${10 + index}-CA-${random.below(99)}`,
      DriverId: userReference(world, random),
      BoughtOn: '2020-05-01 00:00:00',
    }),
  },
  'FleetCare.ServiceVisit': {
    count: () => 40,
    rows: (world, random) => () => ({
      VehicleId: reference(world, random, 'FleetCare.Vehicle'),
      ServiceKindId: reference(world, random, 'FleetCare.ServiceKind'),
      VisitedOn: someMoment(random),
      Mileage: `${random.below(200000)}.5`,
    }),
  },
};

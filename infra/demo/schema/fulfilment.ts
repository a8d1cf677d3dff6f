import {
  boolean,
  dateTime,
  decimal,
  entity,
  espace,
  index,
  integer,
  record,
  reference,
  staticEntity,
  text,
  unique,
} from './description.ts';

export const fulfilment = espace(
  'Fulfilment',
  [
    staticEntity(
      'Carrier',
      { kind: 'autoNumber' },
      [text('TrackingUrl', 200)],
      [
        record('RoadFreight', { TrackingUrl: 'https://road.example/track/' }),
        record('AirFreight', { TrackingUrl: 'https://air.example/?id=' }),
        record('Courier', { TrackingUrl: null }),
      ],
    ),
    entity('Warehouse', {
      identifier: { kind: 'code', length: 12 },
      attributes: [
        text('Name', 100),
        reference('CountryCode', 'CustomerCore.Country', 'Protect'),
        reference('ManagerId', '(System).User', 'Protect'),
        boolean('IsOpen', { hasDefault: true }),
      ],
    }),
    entity('StockLevel', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        reference('WarehouseCode', 'Fulfilment.Warehouse', 'Protect'),
        reference('ProductId', 'ProductCatalog.Product', 'Protect'),
        decimal('Quantity', 12, 3),
        dateTime('CountedOn'),
      ],
      indexes: [unique('WarehouseCode', 'ProductId')],
    }),
    entity('Shipment', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        reference('OrderId', 'Sales.Order', 'Protect', { mandatory: true }),
        reference('WarehouseCode', 'Fulfilment.Warehouse', 'Protect'),
        reference('CarrierId', 'Fulfilment.Carrier', 'Protect'),
        reference('ReturnRequestId', 'Fulfilment.ReturnRequest', 'Protect'),
        text('TrackingCode', 60),
        dateTime('ShippedOn'),
        dateTime('DeliveredOn'),
      ],
    }),
    entity('ShipmentLine', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        reference('ShipmentId', 'Fulfilment.Shipment', 'Delete', { mandatory: true }),
        reference('OrderLineId', 'Sales.OrderLine', 'Protect'),
        decimal('Quantity', 10, 3, { hasDefault: true }),
      ],
      indexes: [index('ShipmentId')],
    }),
    entity('ShipmentEvent', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        reference('ShipmentId', 'Fulfilment.Shipment', 'Delete'),
        dateTime('At'),
        text('Message', 500),
        integer('Code'),
      ],
    }),
    entity('ReturnRequest', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        reference('OrderId', 'Sales.Order', 'Protect'),
        reference('ReplacementShipmentId', 'Fulfilment.Shipment', 'Protect'),
        reference('HandledBy', '(System).User', 'Protect'),
        text('Reason', 1000),
        boolean('IsAccepted'),
      ],
    }),
  ],
  { roles: ['WarehouseClerk'] },
);

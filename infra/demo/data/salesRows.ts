import { recordId } from '../schema/environments.ts';
import { entityNamed } from '../schema/factory.ts';
import type { RowGenerator } from './world.ts';
import { looseReference, mixed, reference, someAmount, someDay, someMoment, someText, userReference } from './world.ts';

export const salesRows: Record<string, RowGenerator> = {
  'Sales.Campaign': {
    count: (size) => Math.max(5, Math.ceil(size / 800)),
    rows: (world, random) => {
      const roles = ['Sales/SalesClerk', 'Sales/SalesManager', 'CustomerCore/CustomerEditor'].map(
        (name) => world.platform.roles.get(name)!,
      );
      // The drivers are another application's.
      const groups = [...world.platform.groups].flatMap(([name, id]) => (name === 'Users/Drivers' ? [] : [id]));
      return (index) => ({
        TENANT_ID: world.tenants[index % world.tenants.length]!,
        Name: someText(random, world.texts.sentences, 100),
        StartsOn: someDay(random),
        EndsOn: someDay(random),
        DailyFrom: mixed(
          random,
          '1900-01-01 00:00:00',
          () => `1900-01-01 ${String(random.below(24)).padStart(2, '0')}:30:00`,
        ),
        AudienceRoleId: random.chance(0.1) ? null : random.pick(roles),
        OwnerGroupId: random.chance(0.2) ? null : random.pick(groups),
      });
    },
  },
  'Sales.Order': {
    count: (size) => Math.max(8, Math.ceil(size / 4)),
    rows: (world, random) => {
      const prefix = world.environment.name === 'production' ? 'SO' : 'QSO';
      const status = entityNamed('Sales.OrderStatus');
      const deletedStatus = recordId(world.environment, status, status.records.find((one) => one.deleted)!);
      return (index) => ({
        TENANT_ID: world.tenants[index % 7 < 5 ? 0 : 1]!,
        Number: `${prefix}${String(index + 1).padStart(8, '0')}`,
        CustomerId: reference(world, random, 'CustomerCore.Customer', 0),
        StatusId: reference(world, random, 'Sales.OrderStatus', 0.01),
        PreviousStatusId: looseReference(world, random, world.ids('Sales.OrderStatus'), deletedStatus),
        PaymentMethodCode: reference(world, random, 'Sales.PaymentMethod'),
        CampaignId: looseReference(world, random, world.ids('Sales.Campaign'), 987654321),
        ShippingAddressId: reference(world, random, 'CustomerCore.Address'),
        LastInvoiceId: reference(world, random, 'Sales.Invoice', 0.5),
        ErpOrderId: random.chance(0.5) ? null : 40_000_000 + random.below(1_000_000),
        CreatedBy: userReference(world, random),
        ApprovedBy: looseReference(world, random, world.users, 9902),
        OrderedOn: someMoment(random),
        ApprovedOn: someMoment(random),
        Total: someAmount(random, 20000),
        Reference: someText(random, world.texts.products, 60),
        Comment: random.chance(0.2) ? someText(random, world.texts.paragraphs, 2000) : '',
        IsUrgent: mixed(random, false, () => random.chance(0.2)),
        ApprovalProcessId: world.instances.approvalOf.get(world.ids('Sales.Order')[index]!) ?? null,
        RiskScore: mixed(random, 0, () => `${random.below(100)}.5`),
      });
    },
  },
  'Sales.OrderLine': {
    count: (size) => size,
    rows: (world, random) => {
      const orders = world.ids('Sales.Order');
      const perOrder = Math.max(1, world.count('Sales.OrderLine') / Math.max(1, orders.length));
      return (index) => ({
        OrderId: orders[Math.min(orders.length - 1, Math.floor(index / perOrder))] ?? null,
        Position: (index % 7) + 1,
        ProductId: reference(world, random, 'ProductCatalog.Product', 0.03),
        UnitCode: reference(world, random, 'ProductCatalog.UnitOfMeasure', 0.03),
        TaxRateId: reference(world, random, 'ProductCatalog.TaxRate', 0.03),
        WarehouseCode: looseReference(world, random, world.ids('Fulfilment.Warehouse'), 'wh-gone'),
        Quantity: mixed(random, 0, () => `${random.below(500)}.${random.below(8) * 125}`),
        UnitPrice: someAmount(random, 900),
        Discount: mixed(random, 0, () => `${random.below(40)}.25`),
        Description: someText(random, world.texts.sentences, 200),
      });
    },
  },
  'Sales.Invoice': {
    count: (size) => Math.max(6, Math.ceil(size / 6)),
    rows: (world, random) => {
      const prefix = world.environment.name === 'production' ? 'INV' : 'QINV';
      return (index) => ({
        TENANT_ID: world.tenants[index % 7 < 5 ? 0 : 1]!,
        Number: `${prefix}/${String(index + 1).padStart(7, '0')}`,
        OrderId: reference(world, random, 'Sales.Order', 0),
        SettlementPaymentId: reference(world, random, 'Sales.Payment', 0.4),
        ShipmentId: looseReference(world, random, world.ids('Fulfilment.Shipment'), 987654322),
        IssuedOn: someDay(random),
        Amount: someAmount(random, 20000),
      });
    },
  },
  'Sales.Payment': {
    count: (size) => Math.max(6, Math.ceil(size / 7)),
    rows: (world, random) => () => ({
      OrderId: reference(world, random, 'Sales.Order', 0),
      PaymentMethodCode: reference(world, random, 'Sales.PaymentMethod'),
      Amount: someAmount(random, 20000),
      PaidOn: someMoment(random),
      Receipt: mixed(random, '', () => `R${random.below(1e8)}`),
    }),
  },
  'Sales.SalesRepresentative': {
    count: (size) => size,
    rows: (world, random) => () => ({
      Region: someText(random, world.texts.cities, 60),
      Commission: mixed(random, 0, () => `${random.below(20)}.75`),
      ManagerId: looseReference(world, random, world.ids('Sales.SalesRepresentative'), 9903),
    }),
  },
  'Sales.ApprovalTask': {
    count: () => 0,
    rows: (world) => {
      const orders = world.ids('Sales.Order');
      return (index) => ({ OrderId: orders[index % orders.length] ?? null, Note: `Note ${index + 1}` });
    },
  },
  'Sales.CustomerNote': {
    count: (size) => Math.max(5, Math.ceil(size / 30)),
    rows: (world, random) => (index) => ({
      CustomerId: reference(world, random, 'CustomerCore.Customer'),
      AuthorId: looseReference(world, random, world.users, 9904),
      ReplyToId: looseReference(world, random, world.ids('Sales.CustomerNote'), 987654323),
      ActivityId: index % 4 === 0 ? (world.instances.activities[index * 3] ?? null) : null,
      WrittenOn: someMoment(random),
      Text: random.chance(0.01) ? random.pick(world.texts.essays) : someText(random, world.texts.paragraphs, 100000),
    }),
  },
  'Sales.DiscountRule': {
    count: () => 25,
    rows: (world, random) => (index) => ({
      Name: `Rule ${index + 1}: ${random.pick(world.texts.products)}`,
      CategoryId: reference(world, random, 'ProductCatalog.Category'),
      CreditId: looseReference(world, random, world.ids('CustomerCore.CustomerCredit'), 987654324),
      Percentage: `${random.below(60)}.5`,
    }),
  },
  'Sales.OrderAudit': {
    count: (size) => Math.max(6, Math.ceil(size / 15)),
    rows: (world, random) => {
      const { espaces, entities } = world.platform;
      const touched = ['Sales.Order', 'Sales.Invoice', 'Fulfilment.Shipment'].map((name) => entities.get(name)!);
      const acting = ['Sales', 'Fulfilment'].map((name) => espaces.get(name)!);
      return (index) => ({
        EspaceId: looseReference(world, random, acting, 99001),
        EntityId: looseReference(world, random, touched, 99002),
        TenantId: looseReference(world, random, world.tenants, 99003),
        UserId: looseReference(world, random, world.users, 9905),
        OrderId: looseReference(world, random, world.ids('Sales.Order'), 987654325),
        Sequence: 9_007_199_254_740_993n + BigInt(index * 2),
        At: someMoment(random),
        Action: random.pick(['create', 'update', 'approve', 'cancel']),
      });
    },
  },
};

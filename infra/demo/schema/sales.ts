import {
  boolean,
  currency,
  date,
  dateTime,
  decimal,
  entity,
  espace,
  index,
  integer,
  longInteger,
  record,
  reference,
  staticEntity,
  text,
  time,
  unique,
} from './description.ts';

/** Order → Invoice → Payment → Order is the three-way cycle; Order ↔ Invoice the mutual one. */
export const sales = espace(
  'Sales',
  [
    staticEntity(
      'OrderStatusGroup',
      { kind: 'manualInteger' },
      [],
      [record('Open', {}, { id: 1 }), record('Closed', {}, { id: 2 })],
    ),
    staticEntity(
      'OrderStatus',
      { kind: 'longAutoNumber' },
      [reference('GroupId', 'Sales.OrderStatusGroup', 'Protect')],
      [
        record('Draft', { GroupId: { record: 'Open' } }),
        record('Quoted', { GroupId: { record: 'Open' } }, { deleted: true }),
        record('OnHold', { GroupId: { record: 'Open' } }, { deleted: true }),
        record('Confirmed', { GroupId: { record: 'Open' } }),
        record('OnHold', { GroupId: { record: 'Open' } }, { generation: 2 }),
        record('Shipped', { GroupId: { record: 'Closed' } }),
        record('Cancelled', { GroupId: { record: 'Closed' } }),
      ],
    ),
    staticEntity(
      'PaymentMethod',
      { kind: 'code', length: 10 },
      [],
      [
        record('Card', {}, { id: 'CARD' }),
        record('Invoice', {}, { id: 'INVOICE' }),
        record('DirectDebit', {}, { id: 'DEBIT' }),
        record('Cash', {}, { id: 'CASH' }),
      ],
    ),
    entity('Campaign', {
      multiTenant: true,
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        text('Name', 100),
        date('StartsOn', { hasDefault: true }),
        date('EndsOn', { hasDefault: true }),
        time('DailyFrom'),
        reference('AudienceRoleId', '(System).Role', 'Ignore'),
        reference('OwnerGroupId', '(System).Group', 'Ignore'),
      ],
    }),
    entity('Order', {
      multiTenant: true,
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        text('Number', 20, { mandatory: true }),
        reference('CustomerId', 'CustomerCore.Customer', 'Protect', { mandatory: true }),
        reference('StatusId', 'Sales.OrderStatus', 'Protect', { mandatory: true }),
        reference('PreviousStatusId', 'Sales.OrderStatus', 'Ignore'),
        reference('PaymentMethodCode', 'Sales.PaymentMethod', 'Protect'),
        reference('CampaignId', 'Sales.Campaign', 'Ignore'),
        reference('ShippingAddressId', 'CustomerCore.Address', 'Protect'),
        reference('LastInvoiceId', 'Sales.Invoice', 'Protect'),
        reference('ErpOrderId', 'ErpConnector.ErpOrder', 'Ignore'),
        reference('CreatedBy', '(System).User', 'Protect'),
        reference('ApprovedBy', '(System).User', 'Ignore'),
        dateTime('OrderedOn'),
        dateTime('ApprovedOn'),
        currency('Total'),
        text('Reference', 60),
        text('Comment', 2000),
        boolean('IsUrgent'),
        reference('ApprovalProcessId', '(System).Process', 'Ignore'),
      ],
      indexes: [unique('Number'), index('CustomerId')],
    }),
    entity('OrderLine', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        reference('OrderId', 'Sales.Order', 'Delete', { mandatory: true }),
        integer('Position'),
        reference('ProductId', 'ProductCatalog.Product', 'Protect'),
        reference('UnitCode', 'ProductCatalog.UnitOfMeasure', 'Protect'),
        reference('TaxRateId', 'ProductCatalog.TaxRate', 'Protect'),
        reference('WarehouseCode', 'Fulfilment.Warehouse', 'Ignore'),
        decimal('Quantity', 10, 3),
        currency('UnitPrice'),
        decimal('Discount', 5, 2),
        text('Description', 200),
      ],
      indexes: [index('OrderId')],
    }),
    entity('Invoice', {
      multiTenant: true,
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        text('Number', 20),
        reference('OrderId', 'Sales.Order', 'Protect', { mandatory: true }),
        reference('SettlementPaymentId', 'Sales.Payment', 'Protect'),
        // The entity has moved to Fulfilment since; the type still names this espace.
        reference('ShipmentId', 'Fulfilment.Shipment', 'Ignore', { staleEspace: 'Sales' }),
        date('IssuedOn', { hasDefault: true }),
        currency('Amount', { hasDefault: true }),
      ],
      indexes: [unique('Number')],
    }),
    entity('Payment', {
      identifier: { kind: 'autoNumber' },
      attributes: [
        reference('OrderId', 'Sales.Order', 'Protect', { mandatory: true }),
        reference('PaymentMethodCode', 'Sales.PaymentMethod', 'Protect'),
        currency('Amount'),
        dateTime('PaidOn'),
        text('Receipt', 60),
      ],
    }),
    entity('SalesRepresentative', {
      identifier: { kind: 'extends', entity: '(System).User', deleteRule: 'Delete' },
      attributes: [
        text('Region', 60),
        decimal('Commission', 5, 2),
        reference('ManagerId', 'Sales.SalesRepresentative', 'Ignore'),
      ],
    }),
    // What an approver notes on a step of the approval.
    entity('ApprovalTask', {
      identifier: { kind: 'extends', entity: '(System).Activity', deleteRule: 'Delete' },
      attributes: [reference('OrderId', 'Sales.Order', 'Ignore'), text('Note', 200)],
    }),
    entity('CustomerNote', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        reference('CustomerId', 'CustomerCore.Customer', 'Delete'),
        reference('AuthorId', '(System).User', 'Ignore'),
        reference('ReplyToId', 'Sales.CustomerNote', 'Ignore'),
        reference('ActivityId', '(System).Activity', 'Ignore'),
        dateTime('WrittenOn'),
        text('Text', 100000),
      ],
    }),
    entity('DiscountRule', {
      identifier: { kind: 'manualInteger' },
      attributes: [
        text('Name', 80),
        reference('CategoryId', 'ProductCatalog.Category', 'Protect'),
        reference('CreditId', 'CustomerCore.CustomerCredit', 'Ignore'),
        decimal('Percentage', 5, 2),
      ],
    }),
    entity('OrderAudit', {
      identifier: null,
      attributes: [
        reference('EspaceId', '(System).Espace', 'Ignore'),
        reference('EntityId', '(System).Entity', 'Ignore'),
        reference('TenantId', '(System).Tenant', 'Ignore'),
        reference('UserId', '(System).User', 'Ignore'),
        reference('OrderId', 'Sales.Order', 'Ignore'),
        longInteger('Sequence'),
        dateTime('At'),
        text('Action', 40),
      ],
    }),
    entity('CartDraft', {
      kind: 'clientEntity',
      identifier: { kind: 'longAutoNumber' },
      attributes: [text('Content', 2000), reference('CustomerId', 'CustomerCore.Customer', 'Ignore')],
    }),
  ],
  { multiTenant: true, roles: ['SalesClerk', 'SalesManager'] },
);

/** An extension with an entity that lives in the ERP's database (trap 47): its ids mean the same everywhere. */
export const erpConnector = espace(
  'ErpConnector',
  [
    entity('ErpOrder', {
      kind: 'external',
      identifier: { kind: 'manualInteger' },
      physicalName: 'ERP.dbo.SalesOrder',
      attributes: [text('DocumentNumber', 20)],
    }),
  ],
  { kind: 'extension' },
);

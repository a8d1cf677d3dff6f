import {
  binaryData,
  boolean,
  cloneEspace,
  currency,
  date,
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

export const productCatalog = espace(
  'ProductCatalog',
  [
    staticEntity(
      'UnitOfMeasure',
      { kind: 'code', length: 5 },
      [boolean('IsDivisible')],
      [
        record('Piece', { IsDivisible: false }, { id: 'PCE' }),
        record('Kilogram', { IsDivisible: true }, { id: 'KGM' }),
        record('Litre', { IsDivisible: true }, { id: 'LTR' }),
        record('Metre', { IsDivisible: true }, { id: 'MTR' }),
      ],
    ),
    staticEntity('TaxClass', { kind: 'longAutoNumber' }, [], [record('Standard'), record('Reduced'), record('Exempt')]),
    staticEntity(
      'TaxRate',
      { kind: 'autoNumber' },
      [decimal('Percentage', 10, 5), reference('TaxClassId', 'ProductCatalog.TaxClass', 'Protect')],
      [
        record('Rate23', { Percentage: '23.5', TaxClassId: { record: 'Standard' } }),
        record('Rate19', { Percentage: '19', TaxClassId: { record: 'Standard' } }),
        record('Rate6', { Percentage: '6', TaxClassId: { record: 'Reduced' } }),
        record('Rate0', { Percentage: '0', TaxClassId: { record: 'Exempt' } }),
      ],
    ),
    entity('Category', {
      identifier: { kind: 'autoNumber' },
      attributes: [
        text('Name', 80),
        reference('ParentCategoryId', 'ProductCatalog.Category', 'Protect'),
        integer('Position', { hasDefault: true }),
      ],
    }),
    entity('Product', {
      identifier: { kind: 'guid' },
      attributes: [
        text('Sku', 30, { mandatory: true }),
        text('Name', 150),
        text('Description', 5000),
        reference('CategoryId', 'ProductCatalog.Category', 'Protect'),
        reference('UnitCode', 'ProductCatalog.UnitOfMeasure', 'Protect'),
        reference('TaxRateId', 'ProductCatalog.TaxRate', 'Protect'),
        reference('ReplacedById', 'ProductCatalog.Product', 'Ignore'),
        currency('Price'),
        decimal('Weight', 12, 3),
        boolean('IsDiscontinued'),
        date('LaunchDate'),
      ],
      indexes: [unique('Sku')],
    }),
    entity('ProductImage', {
      identifier: { kind: 'longAutoNumber' },
      attributes: [
        reference('ProductId', 'ProductCatalog.Product', 'Delete', { mandatory: true }),
        text('FileName', 120, { hasDefault: true }),
        binaryData('Image'),
        integer('Bytes', { hasDefault: true }),
      ],
    }),
    entity('PriceList', {
      identifier: { kind: 'manualInteger' },
      attributes: [text('Name', 80), date('ValidFrom'), date('ValidTo'), boolean('IsDefault')],
    }),
    entity('PriceListItem', {
      identifier: null,
      attributes: [
        reference('PriceListId', 'ProductCatalog.PriceList', 'Delete', { mandatory: true }),
        reference('ProductId', 'ProductCatalog.Product', 'Protect', { mandatory: true }),
        currency('Price'),
        integer('MinimumQuantity', { hasDefault: true }),
      ],
      indexes: [index('PriceListId')],
    }),
  ],
  { roles: ['CatalogEditor'] },
);

/** A clone from before the last big change: same inner keys, its own tables and data (trap 1). Not to be touched. */
export const productCatalogCopy = cloneEspace(productCatalog, 'ProductCatalog_Copy');

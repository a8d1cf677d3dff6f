import type { RowGenerator } from './world.ts';
import { looseReference, mixed, reference, someAmount, someDay, someText } from './world.ts';

/** Products and prices of one catalog module: the original, and its clone with far fewer rows. */
function catalogOf(espace: string, share: number): Record<string, RowGenerator> {
  const scaled = (least: number, divisor: number) => (size: number) =>
    Math.max(least, Math.ceil((size * share) / divisor));
  return {
    [`${espace}.Category`]: {
      count: (size) => Math.min(400, scaled(5, 250)(size)),
      rows: (world, random) => {
        const categories = world.ids(`${espace}.Category`);
        return (index) => ({
          Name: someText(random, world.texts.products, 80),
          // A tree, most of it written parents first.
          ParentCategoryId:
            index === 0
              ? null
              : random.chance(0.9)
                ? categories[random.below(index)]!
                : (categories[random.below(categories.length)] ?? null),
          Position: mixed(random, 0, () => index),
        });
      },
    },
    [`${espace}.Product`]: {
      count: scaled(6, 40),
      rows: (world, random) => {
        const products = world.ids(`${espace}.Product`);
        const prefix = world.environment.name === 'production' ? 'SKU' : 'QSKU';
        return (index) => ({
          Sku: `${prefix}-${String(index + 1).padStart(6, '0')}`,
          Name: someText(random, world.texts.products, 150),
          Description: someText(random, world.texts.paragraphs, 5000),
          CategoryId: reference(world, random, `${espace}.Category`),
          UnitCode: reference(world, random, `${espace}.UnitOfMeasure`),
          TaxRateId: reference(world, random, `${espace}.TaxRate`),
          ReplacedById: random.chance(0.7)
            ? null
            : looseReference(world, random, products, '00000000-dead-4000-a000-000000000000'),
          Price: someAmount(random, 5000),
          Weight: mixed(random, 0, () => (random.below(100000) / 1000).toFixed(3)),
          IsDiscontinued: random.chance(0.1),
          LaunchDate: someDay(random),
        });
      },
    },
    [`${espace}.ProductImage`]: {
      count: scaled(4, 80),
      rows: (world, random) => () => {
        const large = random.chance(0.01);
        const size = large ? 100_000 : random.below(1200);
        const from = random.below(large ? 30_000 : 120_000);
        const image = mixed(random, new Uint8Array(), () => world.texts.bytes.subarray(from, from + size));
        return {
          ProductId: reference(world, random, `${espace}.Product`, 0),
          FileName: mixed(random, '', () => `picture ${random.below(1e5)}.png`),
          Image: image,
          Bytes: image instanceof Uint8Array ? image.length : 0,
        };
      },
    },
    [`${espace}.PriceList`]: {
      count: () => 5,
      rows: (world, random) => (index) => ({
        Name: `Liste ${index + 1} ${random.pick(world.texts.cities)}`,
        ValidFrom: someDay(random),
        ValidTo: '1900-01-01 00:00:00',
        IsDefault: index === 0,
      }),
    },
    [`${espace}.PriceListItem`]: {
      count: scaled(5, 30),
      rows: (world, random) => {
        let previous: Record<string, string | number | bigint | boolean | Uint8Array | null> | null = null;
        return () => {
          // Without an identifier two rows may be alike to the last column.
          if (previous && random.chance(0.03)) return previous;
          previous = {
            PriceListId: reference(world, random, `${espace}.PriceList`, 0),
            ProductId: reference(world, random, `${espace}.Product`, 0.01),
            Price: someAmount(random, 5000),
            MinimumQuantity: mixed(random, 0, () => random.below(100)),
          };
          return previous;
        };
      },
    },
  };
}

export const catalogRows: Record<string, RowGenerator> = {
  ...catalogOf('ProductCatalog', 1),
  ...catalogOf('ProductCatalog_Copy', 0.05),
};

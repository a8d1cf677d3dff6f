import { de, el, en, Faker, fr, ja, type LocaleDefinition, pt_PT } from '@faker-js/faker';

/** Texts to choose from, made once: faker is far too slow to ask for every cell of a million rows. */
export interface TextPools {
  firstNames: string[];
  lastNames: string[];
  companies: string[];
  streets: string[];
  cities: string[];
  postalCodes: string[];
  products: string[];
  sentences: string[];
  paragraphs: string[];
  /** Long texts, up to about 60,000 characters. */
  essays: string[];
  /** Bytes to cut pictures from. */
  bytes: Uint8Array;
}

/**
 * What breaks careless copying: line ends, tabs, escapes, quotes, spaces at the ends, surrogate pairs, look-alike
 * NULLs.
 */
const awkward = [
  'Zeile 1\nZeile 2\r\nZeile 3',
  'left\tright',
  'C:\\Users\\new\\temp',
  '\\N',
  'NULL',
  '0',
  ' ',
  '  padded  ',
  `O'Brien said "yes"; -- $1 %s`,
  '😀 très naïve 👩‍👩‍👧',
  '日本語テキスト',
  'Ελληνικά κείμενα',
  'e\u0301 and é',
  '{"id": 42, "tags": ["a,b"]}',
];

/** Makes the pools; the same seed makes the same pools. */
export function textPools(seed: number): TextPools {
  const languages: LocaleDefinition[][] = [[en], [de, en], [fr, en], [pt_PT, en], [ja, en], [el, en]];
  const fakers = languages.map((locale, index) => {
    const faker = new Faker({ locale });
    faker.seed(seed + index);
    faker.setDefaultRefDate('2026-01-15T00:00:00Z');
    return faker;
  });
  const pool = (count: number, make: (faker: Faker) => string): string[] =>
    Array.from({ length: count }, (_, index) => make(fakers[index % fakers.length]!));
  const paragraphs = [...pool(120, (faker) => faker.lorem.paragraph()), ...awkward];
  const first = fakers[0]!;
  return {
    firstNames: pool(300, (faker) => faker.person.firstName()),
    lastNames: pool(300, (faker) => faker.person.lastName()),
    companies: pool(300, (faker) => faker.company.name()),
    streets: pool(300, (faker) => faker.location.streetAddress()),
    cities: pool(200, (faker) => faker.location.city()),
    postalCodes: pool(100, (faker) => faker.location.zipCode()),
    products: pool(200, (faker) => faker.commerce.productName()),
    sentences: [...pool(300, (faker) => faker.lorem.sentence()), ...awkward],
    paragraphs,
    essays: Array.from({ length: 12 }, (_, index) => {
      const pieces = Array.from({ length: 20 * (index + 1) }, () => first.helpers.arrayElement(paragraphs));
      return pieces
        .join('\n\n')
        .slice(0, 60000)
        .replace(/[\ud800-\udbff]$/, '');
    }),
    bytes: Uint8Array.from({ length: 131072 }, () => first.number.int(255)),
  };
}

/** Cuts a text to a column's length without splitting a surrogate pair (trap 44). */
export function fitting(value: string, length: number): string {
  return value.length <= length ? value : value.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}

import type { RowGenerator } from './world.ts';
import { looseReference, mixed, reference, someAmount, someDay, someMoment, someText, userReference } from './world.ts';

export const customerRows: Record<string, RowGenerator> = {
  'CustomerCore.Customer': {
    count: (size) => Math.max(6, Math.ceil(size / 20)),
    rows: (world, random) => {
      const customers = world.ids('CustomerCore.Customer');
      const prefix = world.environment.name === 'production' ? 'C' : 'QC';
      return (index) => ({
        Number: `${prefix}-${String(index + 1).padStart(7, '0')}`,
        Name: random.pick(world.texts.companies),
        VatNumber: mixed(random, '', () => `VAT${random.below(1e9)}`),
        Email: mixed(random, '', () => `info${random.below(1e6)}@customer.example`),
        Phone: mixed(random, '', () => `+351 ${100000000 + random.below(899999999)}`),
        CountryCode: reference(world, random, 'CustomerCore.Country', 0.02),
        SegmentId: reference(world, random, 'CustomerCore.CustomerSegment'),
        PreferredChannelId: reference(world, random, 'CustomerCore.ContactChannel'),
        // Some parents have a higher id than their children, and one row is its own parent.
        ParentCustomerId:
          index === 1 ? customers[1]! : random.chance(0.3) ? (customers[random.below(customers.length)] ?? null) : null,
        PrimaryContactId: reference(world, random, 'CustomerCore.Contact', 0.4),
        AccountManagerId: userReference(world, random),
        IsActive: random.chance(0.9),
        CreatedOn: someMoment(random),
        Rating: mixed(random, 0, () => (random.below(500000) / 100000).toFixed(5)),
        Notes: random.chance(0.1) ? someText(random, world.texts.paragraphs, 4000) : '',
        Logo: random.chance(0.1) ? world.texts.bytes.subarray(random.below(1000), 1000 + random.below(1500)) : null,
      });
    },
  },
  'CustomerCore.Contact': {
    count: (size) => Math.max(6, Math.ceil(size / 12)),
    rows: (world, random) => () => ({
      CustomerId: reference(world, random, 'CustomerCore.Customer', 0.02),
      FirstName: someText(random, world.texts.firstNames, 60),
      LastName: someText(random, world.texts.lastNames, 60),
      Email: mixed(random, '', () => `person${random.below(1e6)}@mail.example`),
      MobilePhone: mixed(random, '', () => `+49 ${1000000 + random.below(8999999)}`),
      BirthDate: someDay(random),
      ChannelId: looseReference(world, random, world.ids('CustomerCore.ContactChannel'), 77),
    }),
  },
  'CustomerCore.Address': {
    count: (size) => Math.max(6, Math.ceil(size / 15)),
    rows: (world, random) => () => ({
      CustomerId: reference(world, random, 'CustomerCore.Customer', 0),
      Street: someText(random, world.texts.streets, 200),
      PostalCode: someText(random, world.texts.postalCodes, 20),
      City: someText(random, world.texts.cities, 100),
      CountryCode: reference(world, random, 'CustomerCore.Country'),
      IsBilling: mixed(random, false, () => true),
    }),
  },
  'CustomerCore.CustomerProfile': {
    count: (size) => size,
    rows: (world, random) => () => ({
      Biography: random.chance(0.02)
        ? random
            .pick(world.texts.essays)!
            .slice(0, 9000)
            .replace(/[\ud800-\udbff]$/, '')
        : someText(random, world.texts.paragraphs, 10000),
      CustomerSince: someDay(random),
      NewsletterOptIn: mixed(random, false, () => random.chance(0.5)),
    }),
  },
  'CustomerCore.CustomerCredit': {
    count: (size) => size,
    rows: (world, random) => () => ({
      CreditLimit: someAmount(random, 100000),
      Exposure: mixed(random, 0, () => `${random.below(1e9)}.${String(random.below(1e8)).padStart(8, '0')}`),
      ApprovedBy: looseReference(world, random, world.users, 9901),
      ReviewedOn: someMoment(random),
    }),
  },
};

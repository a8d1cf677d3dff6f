import { describe, expect, it } from 'vitest';
import { foldText } from '../../src/alignment/collation.ts';

describe('texts as the platform compares them', () => {
  it.each([
    ['ANA.SOUSA', 'ana.sousa'],
    ['José', 'jose'],
    ['Jose\u0301', 'José'],
    ['ana  ', 'ana'],
    ['Straße', 'STRASSE'],
    ['Ærø', 'aerø'],
    ['ΟΔΌΣ', 'οδος'.toUpperCase()],
  ])('%j and %j are equal', (left, right) => {
    expect(foldText(left)).toBe(foldText(right));
  });

  it.each([
    ['ana', 'anna'],
    [' ana', 'ana'],
    ['ana sousa', 'anasousa'],
    ['कि', 'कु'],
    ['', 'a'],
  ])('%j and %j differ', (left, right) => {
    expect(foldText(left)).not.toBe(foldText(right));
  });
});

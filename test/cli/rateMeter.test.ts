import { describe, expect, it } from 'vitest';
import { RateMeter } from '../../src/cli/rateMeter.ts';

describe('rows per second', () => {
  it('is not said before two seconds are measured', () => {
    const meter = new RateMeter();
    expect(meter.sample(0, 0)).toBe(0);
    expect(meter.sample(10_000, 1_000)).toBe(0);
    expect(meter.sample(20_000, 2_000)).toBe(10_000);
  });

  it('follows a change within its window', () => {
    const meter = new RateMeter(10_000);
    let rate = 0;
    for (let second = 0; second <= 60; second++) rate = meter.sample(second * 100, second * 1_000);
    expect(rate).toBe(100);
    for (let second = 61; second <= 75; second++) rate = meter.sample(6_000 + (second - 60) * 900, second * 1_000);
    expect(rate).toBe(900);
    for (let second = 76; second <= 90; second++) rate = meter.sample(19_500, second * 1_000);
    expect(rate).toBe(0);
  });
});

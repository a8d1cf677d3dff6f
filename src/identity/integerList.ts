import type { ByteReader, ByteWriter } from './bytes.ts';
import { DamagedSegmentError } from './bytes.ts';
import type { IntegerIds } from './integerId.ts';

/**
 * Integer ids in their order: the first one, then the steps from each to the next. A step is a varint of `2 × code`, or
 * `2 × code + 1` followed by a varint of `times - 3` when it is taken three times or more; the code of a step in an
 * ascending list is `step - 1`, in any other list the zigzag of the step. So a contiguous list takes a dozen bytes
 * whatever its length, and small random gaps take one byte an id at most.
 */
export type IntegerCoding = 'ascending' | 'any' | 'wideAscending' | 'wideAny';

// The loops below go by place: over a typed array that is some four times as fast as iterating.

const shortestRun = 3;

/** The cheapest coding that gives these ids back. */
export function chooseCoding(ids: IntegerIds): IntegerCoding {
  if (ids instanceof Float64Array) return isAscending(ids) ? 'ascending' : 'any';
  return isWideAscending(ids) ? 'wideAscending' : 'wideAny';
}

function isAscending(ids: Float64Array): boolean {
  let previous = Number.NEGATIVE_INFINITY;
  for (let place = 0; place < ids.length; place++) {
    const id = ids[place]!;
    if (id <= previous) return false;
    previous = id;
  }
  return true;
}

function isWideAscending(ids: BigInt64Array): boolean {
  let [previous] = ids;
  if (previous === undefined) return true;
  for (let place = 1; place < ids.length; place++) {
    const id = ids[place]!;
    if (id <= previous) return false;
    previous = id;
  }
  return true;
}

/** Appends the ids, but neither their count nor their coding. */
export function writeIntegers(writer: ByteWriter, ids: IntegerIds, coding: IntegerCoding): void {
  if (ids instanceof Float64Array) writeNarrow(writer, ids, coding === 'ascending');
  else writeWide(writer, ids, coding === 'wideAscending');
}

function writeNarrow(writer: ByteWriter, ids: Float64Array, ascending: boolean): void {
  const [first] = ids;
  if (first === undefined) return;
  writer.varint(zigzag(first));
  let previous = first;
  let step = 0;
  let times = 0;
  for (let place = 1; place < ids.length; place++) {
    const id = ids[place]!;
    const next = id - previous;
    previous = id;
    if (next === step) {
      times += 1;
      continue;
    }
    writeSteps(writer, ascending ? step - 1 : zigzag(step), times);
    step = next;
    times = 1;
  }
  writeSteps(writer, ascending ? step - 1 : zigzag(step), times);
}

/** One step that is taken so many times, which may be none. */
function writeSteps(writer: ByteWriter, code: number, times: number): void {
  if (times >= shortestRun) {
    writer.varint(code * 2 + 1);
    writer.varint(times - shortestRun);
  } else {
    for (let time = 0; time < times; time++) writer.varint(code * 2);
  }
}

function writeWide(writer: ByteWriter, ids: BigInt64Array, ascending: boolean): void {
  const [first] = ids;
  if (first === undefined) return;
  writer.wideVarint(wideZigzag(first));
  let previous = first;
  let step = 0n;
  let times = 0;
  for (let place = 1; place < ids.length; place++) {
    const id = ids[place]!;
    const next = id - previous;
    previous = id;
    if (next === step) {
      times += 1;
      continue;
    }
    writeWideSteps(writer, ascending ? step - 1n : wideZigzag(step), times);
    step = next;
    times = 1;
  }
  writeWideSteps(writer, ascending ? step - 1n : wideZigzag(step), times);
}

function writeWideSteps(writer: ByteWriter, code: bigint, times: number): void {
  if (times >= shortestRun) {
    writer.wideVarint(code * 2n + 1n);
    writer.varint(times - shortestRun);
  } else {
    for (let time = 0; time < times; time++) writer.wideVarint(code * 2n);
  }
}

/** Reads `count` ids that `writeIntegers` wrote. @throws DamagedSegmentError */
export function readIntegers(reader: ByteReader, count: number, coding: IntegerCoding): IntegerIds {
  return coding === 'ascending' || coding === 'any'
    ? readNarrow(reader, count, coding === 'ascending')
    : readWide(reader, count, coding === 'wideAscending');
}

function readNarrow(reader: ByteReader, count: number, ascending: boolean): Float64Array {
  const ids = new Float64Array(count);
  if (count === 0) return ids;
  let id = unzigzag(reader.varint());
  ids[0] = id;
  for (let index = 1; index < count; ) {
    const token = reader.varint();
    const code = Math.floor(token / 2);
    const step = ascending ? code + 1 : unzigzag(code);
    const end = index + (token % 2 === 1 ? reader.varint() + shortestRun : 1);
    if (end > count) throw new DamagedSegmentError('it holds more ids than it says');
    for (; index < end; index++) {
      id += step;
      ids[index] = id;
    }
  }
  return ids;
}

function readWide(reader: ByteReader, count: number, ascending: boolean): BigInt64Array {
  const ids = new BigInt64Array(count);
  if (count === 0) return ids;
  let id = wideUnzigzag(reader.wideVarint());
  ids[0] = id;
  for (let index = 1; index < count; ) {
    const token = reader.wideVarint();
    const code = token >> 1n;
    const step = ascending ? code + 1n : wideUnzigzag(code);
    const end = index + ((token & 1n) === 1n ? reader.varint() + shortestRun : 1);
    if (end > count) throw new DamagedSegmentError('it holds more ids than it says');
    for (; index < end; index++) {
      id += step;
      ids[index] = id;
    }
  }
  return ids;
}

/** 0, -1, 1, -2, 2, … as 0, 1, 2, 3, 4, … */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function unzigzag(code: number): number {
  return code % 2 === 1 ? -(code + 1) / 2 : code / 2;
}

function wideZigzag(value: bigint): bigint {
  return value < 0n ? -2n * value - 1n : 2n * value;
}

function wideUnzigzag(code: bigint): bigint {
  return (code & 1n) === 1n ? -((code + 1n) >> 1n) : code >> 1n;
}

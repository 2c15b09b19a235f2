/** A core value as the JavaScript interface of WebAssembly shows it. An i32 may come signed or unsigned. */
export type FlatValue = number | bigint;

export type CoreFunction = (...flat: FlatValue[]) => FlatValue | undefined;

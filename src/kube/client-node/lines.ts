/** Thrown when a line outgrows the bound before its end is seen. */
export class LineTooLongError extends Error {
  constructor(maxBytes: number) {
    super(`a line has more than ${maxBytes} bytes`);
    this.name = 'LineTooLongError';
  }
}

const noBytes = Buffer.alloc(0);

/** Cuts a stream of bytes into lines, holding at most one unfinished line of `maxBytes`. */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that `chunk` completes, without their ends; empty lines are left out. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      const line = this.#take();
      if (line !== '') yield line;
    }
    this.#keep(chunk.subarray(start));
  }

  /** What came after the last line's end. */
  rest(): string {
    return this.#take();
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#size += part.length;
    if (this.#size > this.#maxBytes) throw new LineTooLongError(this.#maxBytes);
    this.#parts.push(part);
  }

  #take(): string {
    const [first = noBytes] = this.#parts;
    // Most lines come whole, and need no copy.
    const line = this.#parts.length > 1 ? Buffer.concat(this.#parts) : first;
    this.#parts = [];
    this.#size = 0;
    return line.toString('utf8').trim();
  }
}

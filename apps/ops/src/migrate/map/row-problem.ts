import type { Reason } from '../reason.ts';

/** A row cannot be moved. Thrown by mappers, caught by the one who counts fates; never reaches a caller. */
export class RowProblem extends Error {
  override readonly name: string = 'RowProblem';
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

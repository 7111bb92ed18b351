/** The side in any of its usual words; undefined for another one. */
export function sideOfText(text: string | undefined): 'buy' | 'sell' | undefined {
  switch (text?.trim().toLowerCase()) {
    case 'buy':
    case 'b':
    case 'long':
    case 'bullish':
      return 'buy';
    case 'sell':
    case 's':
    case 'short':
    case 'bearish':
      return 'sell';
    default:
      return undefined;
  }
}

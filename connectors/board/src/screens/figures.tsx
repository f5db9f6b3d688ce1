export function Figures() {
  return null;
}
export function FigureList() {
  return null;
}
export function FigureTiles(_: { account?: string }) {
  return null;
}

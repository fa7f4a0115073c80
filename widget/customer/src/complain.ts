/** Tells whoever puts the widget on a page what is wrong there; customers do not see it. */
export function complain(text: string): void {
  // eslint-disable-next-line no-console -- the console is where integrators look
  console.warn(`Switchboard: ${text}`);
}

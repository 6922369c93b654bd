/** What BullMQ runs in its sandboxed child processes: as little as the command that it is compared with. */
export default async function noop(): Promise<null> {
  return null;
}

/** The daemon's side of the process host: connects or starts it, follows its children, survives its absence. */
export type * from "./interface.ts";

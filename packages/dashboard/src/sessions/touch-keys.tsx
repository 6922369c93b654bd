/** Keys that a phone's keyboard lacks. Hidden where there is a real one. */
import classes from "./touch-keys.module.css";

const keys = [
  ["Esc", "\u001b"],
  ["Tab", "\t"],
  ["^C", "\u0003"],
  ["^D", "\u0004"],
  ["←", "\u001b[D"],
  ["↓", "\u001b[B"],
  ["↑", "\u001b[A"],
  ["→", "\u001b[C"],
] as const;

export function TouchKeys({ onType }: { onType: (text: string) => void }) {
  return (
    <div className={classes.keys} role="toolbar" aria-label="Keys">
      {keys.map(([label, text]) => (
        <button key={label} type="button" onPointerDown={(event) => event.preventDefault()} onClick={() => onType(text)}>
          {label}
        </button>
      ))}
    </div>
  );
}

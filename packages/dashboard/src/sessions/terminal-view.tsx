/** One terminal: its screen, and the bar that tells who has control and what can be done. */
import { Text } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import { useAccess } from "../access/access.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { shorten } from "../app/parts/format.ts";
import { PromptsPanel } from "./prompts-panel.tsx";
import { RecordingView } from "./recording-view.tsx";
import { SearchBar } from "./search-bar.tsx";
import { TerminalBar, takesPrompts } from "./terminal-bar.tsx";
import classes from "./terminal-view.module.css";
import { TouchKeys } from "./touch-keys.tsx";
import { type TerminalStatus, useTerminal } from "./use-terminal.ts";

export function TerminalView({ id, active }: { id: string; active: boolean }) {
  const element = useRef<HTMLDivElement>(null);
  const [searching, setSearching] = useState(false);
  const [replaying, setReplaying] = useState(false);
  const [prompting, setPrompting] = useLocalStorage({ key: "gantry.prompts", defaultValue: false, getInitialValueInEffect: false });
  const { client } = useAccess();
  const { data: session, isError } = useQuery({ queryKey: ["sessions", "one", id], queryFn: () => client.sessions.get({ id }) });
  const onKey = useCallback((event: KeyboardEvent) => handleKey(event, () => setSearching(true)), []);
  const ready = session !== undefined || isError;
  // Whether prompts are shown beside it decides its width, and every other width in between would make the program paint anew.
  const { status, screen, takeControl, type, focus } = useTerminal(element, id, onKey, ready);

  useEffect(() => {
    if (active && !replaying && ready) focus();
  }, [active, replaying, ready, focus]);

  return (
    <section className={classes.view} hidden={!active} aria-label="Terminal">
      <TerminalBar
        id={id}
        session={session}
        status={status}
        replaying={replaying}
        onReplay={() => setReplaying(!replaying)}
        prompting={prompting}
        onPrompts={() => setPrompting(!prompting)}
        onTakeControl={takeControl}
        onSearch={() => setSearching(true)}
        onFocus={focus}
      />
      <div className={classes.body}>
        <div className={classes.main}>
          {replaying && <RecordingView id={id} />}
          {/* Stays attached meanwhile. */}
          <div className={classes.ground} hidden={replaying}>
            <div ref={element} className={classes.screen} data-connection={status.connection} />
            {searching && (
              <SearchBar
                screen={screen}
                onClose={() => {
                  setSearching(false);
                  focus();
                }}
              />
            )}
            <Overlay status={status} />
          </div>
          {!replaying && status.controller && status.exit === undefined && <TouchKeys onType={type} />}
        </div>
        {prompting && session !== undefined && takesPrompts(session) && (
          <PromptsPanel session={session} onClose={() => setPrompting(false)} />
        )}
      </div>
    </section>
  );
}

/** False keeps the key from the program. Chosen not to take anything that terminals' programs use. */
function handleKey(event: KeyboardEvent, search: () => void): boolean {
  if (event.type !== "keydown" || !event.ctrlKey || !event.shiftKey) return true;
  if (event.code === "KeyF") search();
  else if (event.code === "ArrowLeft") document.querySelector<HTMLElement>("[data-terminal-tab]")?.focus();
  else return true;
  event.preventDefault();
  return false;
}

function Overlay({ status: { connection, problem, exit, notice } }: { status: TerminalStatus }) {
  if (exit !== undefined) {
    return (
      <div className={classes.notice} role="status">
        {exit.reason === "lost"
          ? "The process host died, and the program with it."
          : exit.signal !== null && exit.signal !== undefined
            ? `It ended by ${exit.signal}.`
            : `It ended with exit code ${exit.exitCode ?? "unknown"}.`}
      </div>
    );
  }
  if (connection === "closed" && problem !== undefined) {
    return (
      <div className={classes.middle}>
        <ProblemAlert error={new Error(problem.detail)} title="This session cannot be shown" />
      </div>
    );
  }
  if (connection === "lost") {
    return (
      <div className={classes.notice} role="status">
        The daemon does not answer. The session lives on; this page reattaches by itself.
      </div>
    );
  }
  if (notice !== undefined) {
    return (
      <div className={classes.notice} role="status">
        {shorten(notice.from)} says: {notice.message}
      </div>
    );
  }
  if (problem !== undefined) {
    return (
      <div className={classes.notice} role="alert">
        <Text size="sm">{problem.detail}</Text>
      </div>
    );
  }
  return null;
}

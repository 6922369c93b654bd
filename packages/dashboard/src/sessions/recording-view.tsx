/** A session's recording, played in a terminal of its own: play, seek, speed, and a limit for silences. */
import { type Cast, parseCast } from "@gantry/contract/cast";
import { ActionIcon, NativeSelect, Slider, Text } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { useAccess } from "../access/access.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { type CastPlayer, type CastState, createCastPlayer } from "./cast-player.ts";
import { fitFont } from "./fit-font.ts";
import classes from "./recording-view.module.css";
import { fontSizePx, openScreen } from "./screen.ts";

const speeds = [0.5, 1, 2, 4, 16].map((speed) => ({ value: String(speed), label: `${speed}×` }));
const idleLimits = [
  { value: "Infinity", label: "Silences whole" },
  { value: "5000", label: "At most 5 s" },
  { value: "1000", label: "At most 1 s" },
  { value: "200", label: "At most 0.2 s" },
];

export function RecordingView({ id }: { id: string }) {
  const { client } = useAccess();
  // As it was when it was opened: events of the session must not start it anew.
  const { data, error, isPending } = useQuery({
    queryKey: ["recording", id],
    queryFn: async () => parseCast(await client.sessions.recording({ id })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    structuralSharing: false,
  });
  if (data !== undefined) return <Player cast={data} />;
  return (
    <div className={classes.ground}>
      <div className={classes.middle}>
        {isPending ? <Text c="#d5dae2">Fetching the recording …</Text> : <ProblemAlert error={error} title="It cannot be played" />}
      </div>
    </div>
  );
}

function Player({ cast }: { cast: Cast }) {
  const element = useRef<HTMLDivElement>(null);
  const player = useRef<CastPlayer>(undefined);
  const [{ playing, positionMs, totalMs }, setState] = useState<CastState>({ playing: false, positionMs: 0, totalMs: 0 });
  const [speed, setSpeed] = useState("1");
  const [idleLimit, setIdleLimit] = useState("Infinity");

  useEffect(() => {
    const box = element.current as HTMLElement;
    const screen = openScreen(box, getComputedStyle(document.documentElement).getPropertyValue("--mantine-font-family-monospace"));
    screen.terminal.options.disableStdin = true;
    screen.terminal.options.cursorBlink = false;
    const fit = () => {
      screen.terminal.options.fontSize = fontSizePx;
      fitFont(screen.terminal, box, fontSizePx);
    };
    const made = createCastPlayer(cast, screen.terminal, { onState: setState, onResize: fit });
    player.current = made;
    made.play();
    const observer = new ResizeObserver(fit);
    observer.observe(box);
    return () => {
      observer.disconnect();
      made.dispose();
      screen.dispose();
      player.current = undefined;
    };
  }, [cast]);

  return (
    <section className={classes.player} aria-label="Recording">
      <div className={classes.ground}>
        <div ref={element} className={classes.screen} />
      </div>
      <div className={classes.controls}>
        <ActionIcon
          variant="subtle"
          size="lg"
          onClick={() => (playing ? player.current?.pause() : player.current?.play())}
          aria-label={playing ? "Pause" : "Play"}
        >
          {playing ? <IconPlayerPause size={19} /> : <IconPlayerPlay size={19} />}
        </ActionIcon>
        <Slider
          className={classes.position}
          thumbLabel="Position"
          label={formatPosition}
          min={0}
          max={Math.max(1, totalMs)}
          step={totalMs < 10_000 ? 10 : 100}
          value={positionMs}
          onChange={(value) => player.current?.seek(value)}
          size="sm"
        />
        <Text size="xs" c="dimmed" className="number">
          {formatPosition(positionMs)} / {formatPosition(totalMs)}
        </Text>
        <NativeSelect
          size="xs"
          aria-label="Speed"
          data={speeds}
          value={speed}
          onChange={({ currentTarget: { value } }) => {
            setSpeed(value);
            player.current?.setSpeed(Number(value));
          }}
        />
        <NativeSelect
          size="xs"
          aria-label="Silences"
          data={idleLimits}
          value={idleLimit}
          onChange={({ currentTarget: { value } }) => {
            setIdleLimit(value);
            player.current?.setIdleLimit(Number(value));
          }}
        />
      </div>
    </section>
  );
}

function formatPosition(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds < 3600 ? clock : `${Math.floor(seconds / 3600)}:${clock}`;
}

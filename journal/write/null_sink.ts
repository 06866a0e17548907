import type { EventSink } from "../machine_port.ts";

/** Records nothing. */
export class NullSink implements EventSink {
  append(): void {}
  kHash(): void {}
  mHash(): void {}
  blob(): void {}
  end(): void {}
}

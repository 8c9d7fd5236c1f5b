/** Keeps what is in it as it is until a value that it depends on changes: of a long list, what moves out of view costs nothing. */
import { Component, type ComponentChildren } from 'preact';

interface StillProps {
  /** Always as many. */
  readonly on: readonly unknown[];
  readonly children: ComponentChildren;
}

export class Still extends Component<StillProps> {
  override shouldComponentUpdate({ on }: StillProps): boolean {
    return on.some((value, at) => value !== this.props.on[at]);
  }

  override render() {
    return this.props.children;
  }
}

/** @file NodeOrder: the nodes that a walk over the graph has met, as a list and a set in one. */
import type { Node } from "./node.ts";

/**
 * Nodes in the order they were added. A node is a member if the list has it where its own `position` says: no hashing, and nothing to
 * clear. Adding a node to another order takes it from this one, so an order is used up before the next walk starts.
 */
export class NodeOrder {
  readonly nodes: Node[] = [];

  has(node: Node): boolean {
    return this.nodes[node.position] === node;
  }

  add(node: Node): void {
    node.position = this.nodes.length;
    this.nodes.push(node);
  }
}

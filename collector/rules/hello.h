/* hello: what a gateway says of its devices, made the ledger's and the rules'.  Pure.
 *
 * A device whose metrics, pace or way of averaging change is taken for another one: what held before holds no longer.
 */
#ifndef QUIETAIR_RULES_HELLO_H
#define QUIETAIR_RULES_HELLO_H

struct fold;
struct frame;
struct gateway;
struct judged;

void hello_frame(struct fold *, struct gateway *, const struct frame *, const struct judged *);

#endif

/* words: what the programs call things, in the bureau's Chinese, for pages that are printed and filed.  Pure. */
#ifndef QUIETAIR_WORDS_H
#define QUIETAIR_WORDS_H

/* Kinds of sites, states of a cleaning, steps, events and families of cases, flags, reasons of missing data.  A word
 * that is not known stands for itself. */
const char *word_zh(const char *word);

#endif

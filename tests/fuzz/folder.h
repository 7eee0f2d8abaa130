/* folder: one temporary folder of this process, in memory where there is such a place; removed at its end. */
#ifndef QUIETAIR_FUZZ_FOLDER_H
#define QUIETAIR_FUZZ_FOLDER_H

const char *folder(void); /* emptied */

#endif

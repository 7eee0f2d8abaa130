/* formats: an audit for people and for spreadsheets, beside weekly_json.  The same audit, the same bytes.
 *
 * HTML and XLSX are in Chinese, as the bureau prints and files them.  Text that a spreadsheet might take for a formula
 * is defused in CSV and written as text in XLSX.
 */
#ifndef QUIETAIR_AUDIT_FORMATS_H
#define QUIETAIR_AUDIT_FORMATS_H

#include "collector/audit/weekly.h"

void weekly_csv(struct buf *, const struct weekly *);  /* one row for each site; with BOM */
void weekly_html(struct buf *, const struct weekly *); /* one file that needs no other, made to be printed on A4 */
/* A workbook: summary, grids, sites, overdue, missing, steps.  False: no room for temporary files. */
bool weekly_xlsx(struct buf *, const struct weekly *);
void weekly_text(struct buf *, const struct weekly *, bool colour); /* for a terminal */

#endif

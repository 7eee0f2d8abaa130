/* log: for the operator, one line per event, on stderr.  A change of state is logged once, with its cause; repeats are
 * counted elsewhere.  Under systemd each line carries its level (sd-daemon(3)).  Pure code does not log.
 *
 * Logging never waits: where stderr takes nothing (a pipe that nobody empties, a full disk) the line is dropped, and how
 * many were is said before the next line that can be written.
 */
#ifndef QUIETAIR_LOG_H
#define QUIETAIR_LOG_H

void log_error(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

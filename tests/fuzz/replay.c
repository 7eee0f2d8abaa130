/* Gives each file named to the target it is linked to: what once broke must not break again. */
#include "common/err.h"
#include "common/file.h"
#include "tests/fuzz/fuzz.h"

int main(int count, char **paths)
{
    for (int i = 1; i < count; i++) {
        size_t length;
        struct fault f;
        char *text = file_read(paths[i], 1 << 20, &length, &f);
        fprintf(stderr, "%s\n", text ? paths[i] : f.text); /* shown if it breaks */
        if (!text)
            return 1;
        uint8_t *exact = xmalloc(length + !length); /* without a NUL behind: reading on is an error */
        memcpy(exact, text, length);
        free(text);
        LLVMFuzzerTestOneInput(exact, length);
        free(exact);
    }
    return count < 2;
}

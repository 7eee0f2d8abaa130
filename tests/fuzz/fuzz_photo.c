/* A photo as it comes: base64, and how its bytes begin; names of photos. */
#include "collector/photo.h"
#include "common/base64.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    size_t length = 0;
    memcpy(text, data, size);
    text[size] = 0;
    uint8_t *bytes = base64_read(text, &length);
    if (bytes) {
        struct buf again = buf_growing();
        base64_put(&again, bytes, length);
        must(length <= size && strcmp(again.data ? again.data : "", text) == 0);
        photo_suffix(bytes, length);
        buf_free(&again);
    }
    if (photo_name_valid(text))
        must(strlen(text) == PHOTO_NAME - 1);
    free(bytes);
    free(text);
    return 0;
}

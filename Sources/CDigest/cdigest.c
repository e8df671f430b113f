#define OPENSSL_SUPPRESS_DEPRECATED
#include "CDigest.h"

#include <openssl/sha.h>
#include <stdlib.h>

struct cdigest_sha256 {
    SHA256_CTX context;
};

cdigest_sha256 *cdigest_sha256_begin(void) {
    cdigest_sha256 *digest = malloc(sizeof *digest);
    if (digest != NULL)
        SHA256_Init(&digest->context);
    return digest;
}

void cdigest_sha256_update(cdigest_sha256 *digest, const void *bytes, size_t count) {
    SHA256_Update(&digest->context, bytes, count);
}

void cdigest_sha256_finish(cdigest_sha256 *digest, uint8_t result[CDIGEST_SHA256_SIZE]) {
    SHA256_Final(result, &digest->context);
    free(digest);
}

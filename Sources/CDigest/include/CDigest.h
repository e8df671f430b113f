/* SHA-256 of OpenSSL's libcrypto, linked statically: three functions of it, which cost 30 KB and use the processor's own
   instructions (swift-crypto: 3.4 MB). They are deprecated in OpenSSL 3 in favour of a frame of providers, which a program
   that needs one digest does not want. */
#ifndef CDIGEST_H
#define CDIGEST_H

#include <stddef.h>
#include <stdint.h>

#define CDIGEST_SHA256_SIZE 32

typedef struct cdigest_sha256 cdigest_sha256;

/* NULL without memory. Freed by cdigest_sha256_finish. */
cdigest_sha256 *cdigest_sha256_begin(void);
void cdigest_sha256_update(cdigest_sha256 *digest, const void *bytes, size_t count);
void cdigest_sha256_finish(cdigest_sha256 *digest, uint8_t result[CDIGEST_SHA256_SIZE]);

#endif

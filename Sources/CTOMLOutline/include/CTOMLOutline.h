/* Where tables and keys stand in a TOML text, and what is wrong with it: asked of the parser that TOMLKit brings, which knows
   both and hands out neither through TOMLKit. */
#ifndef CTOML_OUTLINE_H
#define CTOML_OUTLINE_H

#include <stddef.h>

/* Called with each key of the root (number 0, no inner key), each table of an array of tables below it (number from 1, no
   inner key), and each key of those and of single tables. The line is from 1; the keys are valid during the call. */
typedef void ctoml_place(void *context, const char *key, size_t number, const char *inner, size_t line);

/* Called instead, once, with what is wrong; the line is 0 if it cannot be told. */
typedef void ctoml_defect(void *context, const char *reason, size_t line);

#ifdef __cplusplus
extern "C"
#endif
void ctoml_outline(const char *text, size_t length, void *context, ctoml_place *place, ctoml_defect *defect);

#endif

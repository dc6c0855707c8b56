/*
 * This file is part of FFmpeg.
 *
 * FFmpeg is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * FFmpeg is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with FFmpeg; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301 USA
 */

/**
 * @file
 * What a filter needs of <hcd/options.def>, the list of options of libhcd.
 * Included several times, with HCD_OPTIONS_DOWN or HCD_OPTIONS_UP defined and
 * one of
 *
 *   HCD_OPTIONS_WORDS    constants of an enum, for the words that options may be:
 *                        HCD_WORD(option, word) makes their names
 *   HCD_OPTIONS_FIELDS   fields of the private context
 *   HCD_OPTIONS_TABLE    entries of its AVOption table; HCD_CONTEXT: its type
 *   HCD_OPTIONS_PARAMS   statements that hand the values of the context `s` to
 *                        the parameters `params` of the library
 *
 * The expressions and switches are fields of HCDFilter, the first member of the context.
 */

#if defined(HCD_OPTIONS_FIELDS)

#define HCD_STR(name, def, help)                    char *name;
#define HCD_ENUM(name, def, last, help)             int name;
#define HCD_INT(name, def, min, max, help)          int name;
#define HCD_I64(name, def, min, max, help)          int64_t name;
#define HCD_NUM(name, def, min, max, help)          double name;
#define HCD_AUTO_INT(name, min, max, runtime, help) int name;
#define HCD_AUTO_NUM(name, min, max, runtime, help) double name;

#elif defined(HCD_OPTIONS_WORDS)

#define HCD_CHOICE(name, number, word) HCD_WORD(name, word) = number,

#elif defined(HCD_OPTIONS_TABLE)

#define HCD_FLAGS (AV_OPT_FLAG_FILTERING_PARAM | AV_OPT_FLAG_VIDEO_PARAM)
#define HCD_TEXT(name, field, def, help) \
    { #name, help, offsetof(HCD_CONTEXT, field), AV_OPT_TYPE_STRING, \
      { .str = def }, 0, 0, HCD_FLAGS },
#define HCD_NUMBER(name, type, member, def, min, max, help) \
    { #name, help, offsetof(HCD_CONTEXT, name), type, \
      { .member = def }, min, max, HCD_FLAGS },
/* "auto" has to lie in the range that libavutil checks. What lies between it
 * and the least number is refused by the library. */
#define HCD_AUTO_NUMBER(name, type, member, max, runtime, help) \
    { #name, help, offsetof(HCD_CONTEXT, name), type, \
      { .member = HCD_AUTO }, HCD_AUTO, max, \
      HCD_FLAGS | ((runtime) ? AV_OPT_FLAG_RUNTIME_PARAM : 0), .unit = "auto" },

#define HCD_STR(name, def, help)  HCD_TEXT(name, name, def, help)
#define HCD_EXPR(name, help)      HCD_TEXT(name, hcd.name, NULL, help)
#define HCD_FILTER_INT(name, def, min, max, help) \
    { #name, help, offsetof(HCD_CONTEXT, hcd.name), AV_OPT_TYPE_INT, \
      { .i64 = def }, min, max, HCD_FLAGS },
#define HCD_ENUM(name, def, last, help) \
    { #name, help, offsetof(HCD_CONTEXT, name), AV_OPT_TYPE_INT, \
      { .i64 = HCD_WORD(name, def) }, 0, HCD_WORD(name, last), HCD_FLAGS, \
      .unit = #name },
#define HCD_CHOICE(name, number, word) \
    { #word, NULL, 0, AV_OPT_TYPE_CONST, { .i64 = number }, 0, 0, HCD_FLAGS, \
      .unit = #name },
#define HCD_INT(name, def, min, max, help) \
    HCD_NUMBER(name, AV_OPT_TYPE_INT, i64, def, min, max, help)
#define HCD_I64(name, def, min, max, help) \
    HCD_NUMBER(name, AV_OPT_TYPE_INT64, i64, def, min, max, help)
#define HCD_NUM(name, def, min, max, help) \
    HCD_NUMBER(name, AV_OPT_TYPE_DOUBLE, dbl, def, min, max, help)
#define HCD_AUTO_INT(name, min, max, runtime, help) \
    HCD_AUTO_NUMBER(name, AV_OPT_TYPE_INT, i64, max, runtime, help)
#define HCD_AUTO_NUM(name, min, max, runtime, help) \
    HCD_AUTO_NUMBER(name, AV_OPT_TYPE_DOUBLE, dbl, max, runtime, help)

#elif defined(HCD_OPTIONS_PARAMS)

#define HCD_STR(name, def, help)                    params.name = s->name;
#define HCD_CHOICE(name, number, word) \
    if (s->name == number) \
        params.name = #word;
#define HCD_INT(name, def, min, max, help)          params.name = s->name;
#define HCD_I64(name, def, min, max, help)          params.name = s->name;
#define HCD_NUM(name, def, min, max, help)          params.name = s->name;
#define HCD_AUTO_INT(name, min, max, runtime, help) params.name = s->name;
#define HCD_AUTO_NUM(name, min, max, runtime, help) params.name = s->name;

#endif

#if defined(HCD_OPTIONS_PARAMS) || defined(HCD_OPTIONS_WORDS)
#define HCD_ENUM(name, def, last, help) /* its words come one by one */
#endif

#include <hcd/options.def>

#if defined(HCD_OPTIONS_TABLE)
    { "auto", "chosen by libhcd", 0, AV_OPT_TYPE_CONST, { .i64 = HCD_AUTO }, 0, 0, HCD_FLAGS,
      .unit = "auto" },
#endif

#undef HCD_OPTIONS_FIELDS
#undef HCD_OPTIONS_WORDS
#undef HCD_OPTIONS_TABLE
#undef HCD_OPTIONS_PARAMS
#undef HCD_FLAGS
#undef HCD_TEXT
#undef HCD_NUMBER
#undef HCD_AUTO_NUMBER

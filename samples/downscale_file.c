/* SPDX-License-Identifier: BSD-2-Clause
 * File in, file out: makes a Y4M video (8 bits, 4:2:0) half as large, for a bicubic player.
 *
 *     cc downscale_file.c $(pkg-config --cflags --libs hcd) -o downscale_file
 *     ffmpeg -i in.mp4 -pix_fmt yuv420p big.y4m
 *     ./downscale_file big.y4m small.y4m
 */
#include <hcd/hcd.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A frame and its memory: three planes behind each other. */
struct picture {
    hcd_frame frame;
    uint8_t *data;
    size_t size;
};

static int fail(const char *text)
{
    fprintf(stderr, "downscale_file: %s\n", text);
    return 0;
}

static int alloc_picture(struct picture *picture, const hcd_format *format)
{
    size_t luma = (size_t)format->width * format->height, chroma_width = (format->width + 1) / 2;
    size_t chroma = chroma_width * ((format->height + 1) / 2);

    picture->size = luma + 2 * chroma;
    if (!(picture->data = malloc(picture->size)))
        return fail("out of memory");
    picture->frame.struct_size = sizeof(picture->frame);
    picture->frame.data[0] = picture->data;
    picture->frame.data[1] = picture->data + luma;
    picture->frame.data[2] = picture->data + luma + chroma;
    picture->frame.stride[0] = format->width;
    picture->frame.stride[1] = picture->frame.stride[2] = (ptrdiff_t)chroma_width;
    return 1;
}

/* Reads "YUV4MPEG2 W1920 H1080 F25:1 C420mpeg2 ..." into `format`, and the words that the small
 * file takes over (all but W, H and A, the shape of a pixel) into `rest`, as large as a line. */
static int read_header(FILE *in, hcd_format *format, char *rest)
{
    char line[1024], *word;

    if (!fgets(line, sizeof(line), in) || strncmp(line, "YUV4MPEG2 ", 10))
        return fail("expected a Y4M file");
    format->layout = HCD_LAYOUT_YUV420;
    format->depth = 8;
    format->siting = HCD_SITING_CENTER; /* C420 and C420jpeg */
    for (word = strtok(line + 10, " \n"); word; word = strtok(NULL, " \n")) {
        if (strchr("WH", word[0]))
            *(word[0] == 'W' ? &format->width : &format->height) = atoi(word + 1);
        if (!strcmp(word, "C420mpeg2") || !strcmp(word, "C420paldv"))
            format->siting = word[4] == 'm' ? HCD_SITING_LEFT : HCD_SITING_TOPLEFT;
        else if (word[0] == 'C' && strcmp(word, "C420") && strcmp(word, "C420jpeg"))
            return fail("expected 4:2:0 of 8 bits");
        if (!strcmp(word, "XCOLORRANGE=FULL"))
            format->range = HCD_RANGE_FULL;
        if (!strchr("WHA", word[0]))
            strcat(strcat(rest, " "), word);
    }
    return 1;
}

/* Frame after frame. A frame that was sent comes back before the next one is read. */
static int run_frames(hcd_ctx *ctx, FILE *in, FILE *out, struct picture *big, struct picture *small)
{
    char line[1024];

    while (fgets(line, sizeof(line), in)) { /* "FRAME" */
        if (fread(big->data, 1, big->size, in) != big->size)
            return fail("the file ends within a frame");
        if (hcd_send_frame(ctx, &big->frame) != HCD_OK ||
            hcd_receive_frame(ctx, &small->frame, NULL) != HCD_OK)
            return fail(hcd_last_error(ctx));
        if (fputs("FRAME\n", out) < 0 || fwrite(small->data, 1, small->size, out) != small->size)
            return fail("cannot write");
    }
    return 1;
}

static int run(hcd_ctx *ctx, FILE *in, FILE *out)
{
    hcd_format big_format = { .struct_size = sizeof(big_format) };
    hcd_format small_format = { .struct_size = sizeof(small_format) }; /* size 0: by `scale` */
    struct picture big = { 0 }, small = { 0 };
    char rest[1024] = "";
    int ok;

    if (!read_header(in, &big_format, rest))
        return 0;
    if (hcd_configure(ctx, &big_format, &small_format) < 0)
        return fail(hcd_last_error(ctx));
    fprintf(out, "YUV4MPEG2 W%d H%d%s\n", small_format.width, small_format.height, rest);
    ok = alloc_picture(&big, &big_format) && alloc_picture(&small, &small_format) &&
         run_frames(ctx, in, out, &big, &small);
    free(big.data);
    free(small.data);
    return ok;
}

int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL, *out = in ? fopen(argv[2], "wb") : NULL;
    hcd_down_params params;
    hcd_ctx *ctx = NULL;
    int ok;

    if (!out)
        return fail("usage: downscale_file IN.y4m OUT.y4m (both must open)"), 1;
    hcd_down_params_init(&params); /* defaults: half the size, model lite */
    params.model = "bicubic";
    ok = hcd_down_create(&ctx, &params, NULL, NULL) == HCD_OK;
    ok = ok ? run(ctx, in, out) : fail(hcd_last_error(ctx));
    hcd_destroy(&ctx);
    fclose(in);
    return fclose(out) != 0 || !ok;
}

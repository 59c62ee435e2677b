/* Building one chunk of the index, and the list of hits. */
#include <stdlib.h>
#include <string.h>

#include "hammingkernel.h"

/* How many rows ahead their lines are fetched. */
#define AHEAD 24u

static uint32_t row_value(const uint8_t *keys, uint32_t row, uint32_t start, uint32_t width) {
    uint64_t key[4];
    memcpy(key, keys + (size_t)row * KEY_BYTES, KEY_BYTES);
    return rempart_chunk_of(key, start, width);
}

size_t rempart_count_chunk(const uint8_t *keys, uint32_t rows, const Chunk *chunk, uint32_t *counts) {
    uint32_t start = chunk->start + chunk->tag_bits, width = chunk->width - chunk->tag_bits;
    size_t lines = (size_t)1 << width, surplus = 0;
    memset(counts, 0, lines * sizeof *counts);
    for (uint32_t row = 0; row < rows; row++) {
        if (row + AHEAD < rows) __builtin_prefetch(counts + row_value(keys, row + AHEAD, start, width), 1);
        counts[row_value(keys, row, start, width)]++;
    }
    for (size_t line = 0; line < lines; line++)
        if (counts[line] > LINE) surplus += 1 + counts[line] - HELD_WHEN_SPILLED;
    return surplus;
}

/* Empty lines, and the places in `extra` of those that spill. The counts start again at 0. */
static void lay_out(size_t count, uint32_t *counts, uint32_t *lines, uint32_t *extra) {
    size_t place = 0;
    memset(lines, 0xff, count * LINE * sizeof *lines);
    for (size_t line = 0; line < count; line++) {
        if (counts[line] > LINE) {
            uint32_t surplus = counts[line] - HELD_WHEN_SPILLED;
            lines[line * LINE + HELD_WHEN_SPILLED] = (uint32_t)place;
            lines[line * LINE + LINE - 1] = SPILLED;
            extra[place] = surplus;
            place += 1 + surplus;
        }
        counts[line] = 0;
    }
}

void rempart_fill_chunk(const uint8_t *keys, uint32_t rows, const Chunk *chunk, uint32_t id_bits, uint32_t *counts,
                        uint32_t *lines, uint32_t *extra) {
    uint32_t start = chunk->start, width = chunk->width, tag_bits = chunk->tag_bits;
    lay_out((size_t)1 << (width - tag_bits), counts, lines, extra);
    for (uint32_t row = 0; row < rows; row++) {
        if (row + AHEAD < rows) {
            size_t next = row_value(keys, row + AHEAD, start, width) >> tag_bits;
            __builtin_prefetch(counts + next, 1);
            __builtin_prefetch(lines + next * LINE, 1);
        }
        uint32_t value = row_value(keys, row, start, width);
        uint32_t *line = lines + (size_t)(value >> tag_bits) * LINE;
        uint32_t entry = (value & ((1u << tag_bits) - 1)) << id_bits | row, nth = counts[value >> tag_bits]++;
        if (nth >= HELD_WHEN_SPILLED && line[LINE - 1] == SPILLED)
            extra[(size_t)line[HELD_WHEN_SPILLED] + 1 + nth - HELD_WHEN_SPILLED] = entry;
        else
            line[nth] = entry;
    }
}

int rempart_hits_push(Hits *hits, uint64_t item) {
    if (hits->count == hits->room) {
        size_t room = hits->room ? hits->room * 2 : 64;
        uint64_t *items = realloc(hits->items, room * sizeof *items);
        if (!items) return 0;
        hits->items = items;
        hits->room = room;
    }
    hits->items[hits->count++] = item;
    return 1;
}

static int compare_items(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void rempart_hits_sort(uint64_t *items, size_t count) {
    if (count > 24) {
        qsort(items, count, sizeof *items, compare_items);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1] > item; at--) items[at] = items[at - 1];
        items[at] = item;
    }
}

const uint32_t rempart_near[MAX_TAG_BITS + 1][1 << MAX_TAG_BITS] = {
    {0x00000001, 0x00000002, 0x00000004, 0x00000008, 0x00000010, 0x00000020, 0x00000040, 0x00000080,
     0x00000100, 0x00000200, 0x00000400, 0x00000800, 0x00001000, 0x00002000, 0x00004000, 0x00008000,
     0x00010000, 0x00020000, 0x00040000, 0x00080000, 0x00100000, 0x00200000, 0x00400000, 0x00800000,
     0x01000000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x80000000},
    {0x00010117, 0x0002022b, 0x0004044d, 0x0008088e, 0x00101071, 0x002020b2, 0x004040d4, 0x008080e8,
     0x01001701, 0x02002b02, 0x04004d04, 0x08008e08, 0x10007110, 0x2000b220, 0x4000d440, 0x8000e880,
     0x01170001, 0x022b0002, 0x044d0004, 0x088e0008, 0x10710010, 0x20b20020, 0x40d40040, 0x80e80080,
     0x17010100, 0x2b020200, 0x4d040400, 0x8e080800, 0x71101000, 0xb2202000, 0xd4404000, 0xe8808000},
    {0x0117177f, 0x022b2bbf, 0x044d4ddf, 0x088e8eef, 0x107171f7, 0x20b2b2fb, 0x40d4d4fd, 0x80e8e8fe,
     0x17017f17, 0x2b02bf2b, 0x4d04df4d, 0x8e08ef8e, 0x7110f771, 0xb220fbb2, 0xd440fdd4, 0xe880fee8,
     0x177f0117, 0x2bbf022b, 0x4ddf044d, 0x8eef088e, 0x71f71071, 0xb2fb20b2, 0xd4fd40d4, 0xe8fe80e8,
     0x7f171701, 0xbf2b2b02, 0xdf4d4d04, 0xef8e8e08, 0xf7717110, 0xfbb2b220, 0xfdd4d440, 0xfee8e880},
    {0x177f7fff, 0x2bbfbfff, 0x4ddfdfff, 0x8eefefff, 0x71f7f7ff, 0xb2fbfbff, 0xd4fdfdff, 0xe8fefeff,
     0x7f17ff7f, 0xbf2bffbf, 0xdf4dffdf, 0xef8effef, 0xf771fff7, 0xfbb2fffb, 0xfdd4fffd, 0xfee8fffe,
     0x7fff177f, 0xbfff2bbf, 0xdfff4ddf, 0xefff8eef, 0xf7ff71f7, 0xfbffb2fb, 0xfdffd4fd, 0xfeffe8fe,
     0xff7f7f17, 0xffbfbf2b, 0xffdfdf4d, 0xffefef8e, 0xfff7f771, 0xfffbfbb2, 0xfffdfdd4, 0xfffefee8},
    {0x7fffffff, 0xbfffffff, 0xdfffffff, 0xefffffff, 0xf7ffffff, 0xfbffffff, 0xfdffffff, 0xfeffffff,
     0xff7fffff, 0xffbfffff, 0xffdfffff, 0xffefffff, 0xfff7ffff, 0xfffbffff, 0xfffdffff, 0xfffeffff,
     0xffff7fff, 0xffffbfff, 0xffffdfff, 0xffffefff, 0xfffff7ff, 0xfffffbff, 0xfffffdff, 0xfffffeff,
     0xffffff7f, 0xffffffbf, 0xffffffdf, 0xffffffef, 0xfffffff7, 0xfffffffb, 0xfffffffd, 0xfffffffe},
    {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
     0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
     0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
     0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
};

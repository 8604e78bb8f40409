/* manifest.c - reading, writing and checking FILE.json; see manifest.h. */
#include "ops/manifest.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/checksum.h"
#include "ops/file.h"

#define SCHEMA 1

/* --- reading ---------------------------------------------------------- */

static enum pf_err bad(struct pf_manifest *m, const char *name, const char *what)
{
    snprintf(m->error, sizeof m->error, "'%s' %s", name, what);
    return PF_ERR_FILE;
}

/* Lower-case or upper-case hex, exactly 2 * len digits. */
static bool parse_hex(const char *text, uint8_t *out, size_t len)
{
    if (strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < 2 * len; i++) {
        const char c = text[i];
        uint8_t v;

        if (c >= '0' && c <= '9')
            v = (uint8_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = (uint8_t)(c - 'a' + 10);
        else if (c >= 'A' && c <= 'F')
            v = (uint8_t)(c - 'A' + 10);
        else
            return false;
        out[i / 2] = i % 2 ? (uint8_t)(out[i / 2] | v) : (uint8_t)(v << 4);
    }
    return true;
}

static bool parse_hex32(const char *text, uint32_t *out)
{
    uint8_t b[4];

    if (!strncmp(text, "0x", 2))
        text += 2;
    if (!parse_hex(text, b, 4))
        return false;
    *out = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return true;
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
    char hex[13];

    if (strlen(text) != 17)
        return false;
    for (size_t i = 0; i < 6; i++) {
        if (i < 5 && text[3 * i + 2] != ':')
            return false;
        hex[2 * i] = text[3 * i];
        hex[2 * i + 1] = text[3 * i + 1];
    }
    hex[12] = '\0';
    return parse_hex(hex, mac, 6);
}

static enum pf_err get_string(struct pf_manifest *m, const json_t *root, const char *name,
                              char *out, size_t cap, bool optional)
{
    const json_t *v = json_object_get(root, name);

    out[0] = '\0';
    if (optional && (!v || json_is_null(v)))
        return PF_OK;
    if (!json_is_string(v))
        return bad(m, name, "must be a string");
    if (json_string_length(v) >= cap || strlen(json_string_value(v)) != json_string_length(v))
        return bad(m, name, "is too long or holds a NUL");
    memcpy(out, json_string_value(v), json_string_length(v) + 1);
    return PF_OK;
}

static enum pf_err get_uint(struct pf_manifest *m, const json_t *root, const char *name,
                            uint32_t max, uint32_t *out, bool optional)
{
    const json_t *v = json_object_get(root, name);

    *out = 0;
    if (optional && (!v || json_is_null(v)))
        return PF_OK;
    if (!json_is_integer(v))
        return bad(m, name, "must be an integer");
    if (json_integer_value(v) < 0 || json_integer_value(v) > (json_int_t)max)
        return bad(m, name, "is out of range");
    *out = (uint32_t)json_integer_value(v);
    return PF_OK;
}

static enum pf_err get_sectors(struct pf_manifest *m, const json_t *root)
{
    const json_t *list = json_object_get(root, "sectors");
    const size_t count = ((size_t)m->size + PF_SECTOR - 1) / PF_SECTOR;

    if (!json_is_array(list) || json_array_size(list) != count)
        return bad(m, "sectors", "must be an array with one CRC per 4 KiB");
    m->sector_crc = calloc(count, sizeof *m->sector_crc);
    if (!m->sector_crc)
        return PF_ERR_NOMEM;
    m->nsectors = count;
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(list, i));

        if (!text || !parse_hex32(text, &m->sector_crc[i]))
            return bad(m, "sectors", "holds something else than eight hex digits");
    }
    return PF_OK;
}

static enum pf_err get_identity(struct pf_manifest *m, const json_t *root)
{
    char text[80];

    PF_TRY(get_string(m, root, "chip_id", text, sizeof text, true));
    m->has_chip_id = text[0] != '\0';
    if (m->has_chip_id && !parse_hex32(text, &m->chip_id))
        return bad(m, "chip_id", "is not a hex number");
    PF_TRY(get_string(m, root, "jedec", text, sizeof text, true));
    m->has_jedec = text[0] != '\0';
    if (m->has_jedec && !parse_hex(text, m->jedec, 3))
        return bad(m, "jedec", "is not six hex digits");
    PF_TRY(get_string(m, root, "mac", text, sizeof text, true));
    m->has_mac = text[0] != '\0';
    if (m->has_mac && !parse_mac(text, m->mac))
        return bad(m, "mac", "is not a MAC address");
    PF_TRY(get_string(m, root, "sha256", text, sizeof text, false));
    if (!parse_hex(text, m->sha256, 32))
        return bad(m, "sha256", "is not 64 hex digits");
    PF_TRY(get_string(m, root, "crc32", text, sizeof text, false));
    if (!parse_hex32(text, &m->crc32))
        return bad(m, "crc32", "is not eight hex digits");
    return PF_OK;
}

static enum pf_err get_all(struct pf_manifest *m, const json_t *root)
{
    const json_t *seconds = json_object_get(root, "seconds");
    uint32_t schema, sector;

    if (!json_is_object(root))
        return bad(m, "", "is not an object");
    PF_TRY(get_uint(m, root, "schema", UINT32_MAX, &schema, false));
    if (schema != SCHEMA)
        return bad(m, "schema", "is not 1: written by a newer plugflash?");
    PF_TRY(get_string(m, root, "tool", m->tool, sizeof m->tool, false));
    PF_TRY(get_string(m, root, "version", m->version, sizeof m->version, false));
    PF_TRY(get_string(m, root, "chip", m->chip, sizeof m->chip, false));
    PF_TRY(get_string(m, root, "loader", m->loader, sizeof m->loader, true));
    PF_TRY(get_string(m, root, "flash_part", m->flash_part, sizeof m->flash_part, true));
    PF_TRY(get_string(m, root, "verified", m->verified, sizeof m->verified, false));
    PF_TRY(get_uint(m, root, "flash_size", OPS_FILE_MAX, &m->flash_size, false));
    PF_TRY(get_uint(m, root, "addr", OPS_FILE_MAX, &m->addr, false));
    PF_TRY(get_uint(m, root, "size", OPS_FILE_MAX, &m->size, false));
    if (!m->size)
        return bad(m, "size", "is 0");
    PF_TRY(get_uint(m, root, "sector_size", UINT32_MAX, &sector, false));
    if (sector != PF_SECTOR)
        return bad(m, "sector_size", "is not 4096");
    PF_TRY(get_uint(m, root, "baud", UINT32_MAX, &m->baud, true));
    PF_TRY(get_uint(m, root, "retries", UINT32_MAX, &m->retries, true));
    PF_TRY(get_uint(m, root, "unstable", UINT32_MAX, &m->unstable, true));
    if (seconds && !json_is_null(seconds) && !json_is_number(seconds))
        return bad(m, "seconds", "is not a number");
    m->seconds = json_number_value(seconds);
    PF_TRY(get_identity(m, root));
    return get_sectors(m, root);
}

enum pf_err pf_manifest_parse(const char *text, size_t len, struct pf_manifest *m)
{
    json_error_t why;
    enum pf_err err;
    json_t *root;

    memset(m, 0, sizeof *m);
    if (len > PF_MANIFEST_MAX)
        return bad(m, "", "is larger than 8 MiB");
    root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        snprintf(m->error, sizeof m->error, "line %d: %.100s", why.line, why.text);
        return PF_ERR_FILE;
    }
    err = get_all(m, root);
    json_decref(root);
    return err;
}

void pf_manifest_fini(struct pf_manifest *m)
{
    free(m->sector_crc);
    m->sector_crc = NULL;
    m->nsectors = 0;
}

enum pf_err pf_manifest_load(struct pf_ctx *ctx, const char *path, struct pf_manifest *m,
                             bool *found)
{
    char name[540];
    uint8_t *text;
    size_t len;
    enum pf_err err;

    *found = false;
    memset(m, 0, sizeof *m);
    if ((size_t)snprintf(name, sizeof name, "%s.json", path) >= sizeof name ||
        !ops_file_exists(name))
        return PF_OK;
    PF_TRY(ops_file_read(ctx, name, PF_MANIFEST_MAX, &text, &len));
    err = pf_manifest_parse((const char *)text, len, m);
    free(text);
    if (err) {
        pf_fail(ctx, err, "%s is not a manifest of ours: %s", name, m->error);
        pf_manifest_fini(m);
        return err;
    }
    *found = true;
    return PF_OK;
}

/* --- writing ---------------------------------------------------------- */

void pf_manifest_describe(struct pf_manifest *m, const struct pf_session *s)
{
    memset(m, 0, sizeof *m);
    snprintf(m->tool, sizeof m->tool, "plugflash");
    snprintf(m->version, sizeof m->version, "%s", PF_VERSION);
    snprintf(m->chip, sizeof m->chip, "%s", s->chip->name);
    snprintf(m->loader, sizeof m->loader, "%s", s->id.loader);
    snprintf(m->flash_part, sizeof m->flash_part, "%s", s->id.flash_part ? s->id.flash_part : "");
    m->chip_id = s->id.chip_id;
    m->has_chip_id = s->id.has_chip_id;
    memcpy(m->jedec, s->id.jedec, sizeof m->jedec);
    m->has_jedec = s->id.has_jedec;
    m->flash_size = s->id.flash_size;
    m->baud = s->id.baud;
    m->retries = s->ctx->retries;
}

enum pf_err pf_manifest_sum(struct pf_manifest *m, const uint8_t *data, size_t len)
{
    const size_t count = (len + PF_SECTOR - 1) / PF_SECTOR;

    m->sector_crc = calloc(count ? count : 1, sizeof *m->sector_crc);
    if (!m->sector_crc)
        return PF_ERR_NOMEM;
    m->nsectors = count;
    m->size = (uint32_t)len;
    m->crc32 = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t at = i * PF_SECTOR, n = len - at < PF_SECTOR ? len - at : PF_SECTOR;

        m->sector_crc[i] = pf_crc32(0, data + at, n);
        m->crc32 = pf_crc32_join(m->crc32, m->sector_crc[i], n);
    }
    return PF_OK;
}

static json_t *string_or_null(bool has, const char *text)
{
    /* Names come from the wire: what is not UTF-8 is not worth keeping. */
    json_t *v = has && text[0] ? json_string(text) : NULL;

    return v ? v : json_null();
}

static json_t *hex_string(const uint8_t *data, size_t len)
{
    char hex[65];

    pf_hex(data, len, hex);
    return json_string(hex);
}

char *pf_manifest_format(const struct pf_manifest *m)
{
    json_t *root = json_object(), *list = json_array();
    char crc[12], id[12], mac[18];
    char *text;

    snprintf(id, sizeof id, "0x%08x", m->chip_id);
    snprintf(mac, sizeof mac, "%02x:%02x:%02x:%02x:%02x:%02x", m->mac[0], m->mac[1], m->mac[2],
             m->mac[3], m->mac[4], m->mac[5]);
    json_object_set_new(root, "schema", json_integer(SCHEMA));
    json_object_set_new(root, "tool", json_string(m->tool));
    json_object_set_new(root, "version", json_string(m->version));
    json_object_set_new(root, "chip", json_string(m->chip));
    json_object_set_new(root, "loader", string_or_null(true, m->loader));
    json_object_set_new(root, "chip_id", string_or_null(m->has_chip_id, id));
    json_object_set_new(root, "jedec", m->has_jedec ? hex_string(m->jedec, 3) : json_null());
    json_object_set_new(root, "flash_part", string_or_null(true, m->flash_part));
    json_object_set_new(root, "flash_size", json_integer(m->flash_size));
    json_object_set_new(root, "addr", json_integer(m->addr));
    json_object_set_new(root, "size", json_integer(m->size));
    json_object_set_new(root, "mac", string_or_null(m->has_mac, mac));
    json_object_set_new(root, "sha256", hex_string(m->sha256, 32));
    snprintf(crc, sizeof crc, "%08x", m->crc32);
    json_object_set_new(root, "crc32", json_string(crc));
    json_object_set_new(root, "verified", json_string(m->verified));
    json_object_set_new(root, "baud", json_integer(m->baud));
    json_object_set_new(root, "retries", json_integer(m->retries));
    json_object_set_new(root, "seconds", json_real(m->seconds));
    json_object_set_new(root, "unstable", json_integer(m->unstable));
    json_object_set_new(root, "sector_size", json_integer(PF_SECTOR));
    for (size_t i = 0; i < m->nsectors; i++) {
        snprintf(crc, sizeof crc, "%08x", m->sector_crc[i]);
        json_array_append_new(list, json_string(crc));
    }
    json_object_set_new(root, "sectors", list);
    text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    json_decref(root);
    return text;
}

/* --- checking --------------------------------------------------------- */

enum pf_err pf_manifest_check(struct pf_ctx *ctx, const struct pf_manifest *m, const char *path,
                              const uint8_t *data, size_t len)
{
    uint8_t sum[32];

    if (len != m->size)
        return pf_fail(ctx, PF_ERR_FILE, "%s has %zu bytes, its manifest says %u", path, len,
                       m->size);
    pf_sha256(data, len, sum);
    if (!memcmp(sum, m->sha256, sizeof sum))
        return PF_OK;
    for (size_t i = 0; i < m->nsectors; i++) {
        const size_t at = i * PF_SECTOR, n = len - at < PF_SECTOR ? len - at : PF_SECTOR;

        if (pf_crc32(0, data + at, n) != m->sector_crc[i])
            return pf_fail(ctx, PF_ERR_FILE,
                           "%s does not match its manifest: first bad sector at file offset "
                           "0x%06zx",
                           path, at);
    }
    return pf_fail(ctx, PF_ERR_FILE, "%s does not match the SHA-256 in its manifest", path);
}

/* cmd_image.h - between the commands of `image`. */
#ifndef CLI_CMD_IMAGE_H
#define CLI_CMD_IMAGE_H

#include "cli/cli.h"

#define USUAL_SIZE (2u << 20) /* of a chip whose flash size nobody told */

/* --to, in the order of its words in the table of options. */
enum image_to { IMAGE_TO_APP, IMAGE_TO_OTA, IMAGE_TO_FLASH };

/* Put every piece of an image under its own name into the folder -o. Nothing is
 * written when one of the names is taken. PF_ERR_FILE: nothing in it. */
enum pf_err image_unpack(struct cli *cli, const struct pf_image *img, const uint8_t *data);

/* Make another kind of image under -o. PF_ERR_USAGE: --to or the files that it
 * needs are missing. */
enum pf_err image_convert(struct cli *cli, const struct pf_image *img, const uint8_t *data);

#endif

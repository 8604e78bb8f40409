/* stdio.h - nothing of it is for chips: text is written through core/out.h. */

/* main.c - set up the chip, then the stub for ever. */
int main(void);

int main(void)
{
    for (;;)
        ;
}

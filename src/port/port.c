typedef int pf_empty;

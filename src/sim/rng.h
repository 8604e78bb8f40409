/* rng.h - a small deterministic generator; the same seed gives the same bytes everywhere. */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline void rng_seed(struct rng *r, uint64_t seed)
{
    r->state = seed * 0x9E3779B97F4A7C15u + 0x2545F4914F6CDD1Du;
}

/* splitmix64 (public domain algorithm by Sebastiano Vigna). */
static inline uint64_t rng_u64(struct rng *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline uint32_t rng_u32(struct rng *r)
{
    return (uint32_t)(rng_u64(r) >> 32);
}

static inline uint8_t rng_u8(struct rng *r)
{
    return (uint8_t)(rng_u64(r) >> 56);
}

/* 0 .. limit-1; limit > 0. */
static inline uint32_t rng_below(struct rng *r, uint32_t limit)
{
    return (uint32_t)(rng_u64(r) % limit);
}

#endif

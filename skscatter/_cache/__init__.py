"""The cache of features.

A row of the cache holds the features of one channel of one signal. The modules, lowest first:

| module | what |
| --- | --- |
| `errors` | what can go wrong with a store, and what to do about it |
| `keys` | from a signal and the parameters to the key of a row |
| `owners` | which process claims a row, and whether it is alive |
| `tallies` | how many rows this process found and computed |
| `database` | the SQLite file: created, identified, opened |
| `store` | `RowStore`, the public class |
| `session` | one connection for one call: find, claim, wait, put |
| `filling` | `fill`, which takes rows from a store and asks for the missing ones |
"""

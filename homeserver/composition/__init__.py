"""The floors of the house, each built on those below it: ground, accounts, people, peers, rooms, followers, doors."""

//! Tests across functions: stories, the promises of the ports, and that profiles equal a replay of the lake.

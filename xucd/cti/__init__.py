"""The CTI protocol: messages, command decoding, sessions, audiences and fan-out."""

# exai as an image: one static program on nothing, and a directory for its state.
#
#   docker build -t exai .
#
# Dockerfile.prebuilt makes the same image of a program that was built outside.

# What decides about the dependencies, without the code: as long as it stays the same, the next stage is not run again.
FROM rust:1.95-slim-bookworm AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock ! -path './.cargo/*' ! -path '*/benches/*' -delete \
 && for crate in crates/*; do mkdir -p "$crate/src" && touch "$crate/src/lib.rs" && echo 'fn main() {}' > "$crate/src/main.rs"; done

FROM rust:1.95-slim-bookworm AS dependencies
WORKDIR /src
COPY --from=manifests /src .
RUN cargo build --release --locked -p exai

# Files of the context bear older dates than what was built of the empty crates, which would be taken for up to date.
# `crt-static` makes glibc a part of the program; it concerns the last link alone.
FROM dependencies AS build
COPY . .
RUN find crates -name '*.rs' -exec touch {} + \
 && cargo rustc --release --locked -p exai --bin exai -- -C target-feature=+crt-static \
 && mkdir -p /image/state \
 && cp target/release/exai /image/

FROM scratch
COPY --from=build /image/exai /exai
COPY --from=build --chown=65532:65532 /image/state /var/lib/exai

# The same as in Dockerfile.prebuilt from here on.
# A number, because there is no file that gives users names.
USER 65532:65532
ENV HOME=/var/lib/exai EXAI_STATE_DIR=/var/lib/exai EXAI_WS_HOST=0.0.0.0
VOLUME /var/lib/exai
EXPOSE 8079
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/exai", "health"]
ENTRYPOINT ["/exai"]
CMD ["daemon"]

# One image for all processes: the command is the main class.

FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /build
COPY . .
RUN mvn -B -q -Dmaven.repo.local=/build/.m2 -Dlint.skip -Dmaven.test.skip=true \
        package -pl standalone -am \
    # The embedded database belongs to `up`, which no container runs.
    && rm -f standalone/target/lib/embedded-postgres-binaries-*.jar \
    && cp standalone/target/skerry-standalone-0.1.0.jar standalone/target/lib/

FROM eclipse-temurin:25-jre-noble
RUN apt-get update \
    && apt-get install -y --no-install-recommends libbpf1 \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/skerry
COPY --from=build /build/standalone/target/lib /opt/skerry/lib
COPY jvm.options /opt/skerry/jvm.options
COPY docs/examples/compose/healthcheck /opt/skerry/healthcheck
WORKDIR /var/lib/skerry
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --retries=6 --start-period=60s CMD ["/opt/skerry/healthcheck"]
ENTRYPOINT ["java", "@/opt/skerry/jvm.options", "-XX:MaxRAMPercentage=60", "-cp", "/opt/skerry/lib/*"]
CMD ["io.skerry.rules.RuleServiceMain"]

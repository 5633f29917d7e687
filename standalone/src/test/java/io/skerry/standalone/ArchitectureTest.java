package io.skerry.standalone;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.vertx.core.VerticleBase;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The arrows between modules and packages. Rules hold also where a module is still empty.
final class ArchitectureTest {
    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("io.skerry");

    private static final List<String> MODULES =
            List.of("rules", "gateway", "edge", "standalone", "load");

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(CLASSES);
    }

    @Test
    void seesTheClassesOfTheProduct() {
        assertThat(CLASSES).hasSizeGreaterThan(40);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rules", "gateway", "edge", "standalone", "load"})
    void sharedDependsOnNoOtherModule(String module) {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("io.skerry.shared..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.skerry." + module + ".."));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rules", "gateway", "edge", "load"})
    void servicesDependOnSharedAlone(String module) {
        String[] others =
                MODULES.stream()
                        .filter(other -> !other.equals(module))
                        .map(other -> "io.skerry." + other + "..")
                        .toArray(String[]::new);
        check(
                noClasses()
                        .that()
                        .resideInAPackage("io.skerry." + module + "..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(others));
    }

    @Test
    void theLanguageKnowsNothingOfProcesses() {
        String[] language =
                List.of(
                                "problem",
                                "net",
                                "id",
                                "instance",
                                "origin",
                                "rule",
                                "batch",
                                "content",
                                "bus",
                                "input")
                        .stream()
                        .map(name -> "io.skerry.shared." + name + "..")
                        .toArray(String[]::new);
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage(language)
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("io.skerry.shared.process..", "io.vertx.core.net.."));
    }

    @ParameterizedTest
    @CsvSource({
        "io.vertx.pgclient.., io.skerry.rules..",
        "io.vertx.sqlclient.., io.skerry.rules..",
        "org.flywaydb.., io.skerry.rules..",
        "io.netty.., io.skerry.edge..;io.skerry.load..",
        "com.hazelcast.., io.skerry.shared.process..",
        "io.vertx.core.spi.cluster.., io.skerry.shared.process..",
        "com.tngtech.., none",
        "org.junit.., none"
    })
    void keepsEachLibraryInItsPlace(String library, String places) {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackages(places.split(";"))
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage(library));
    }

    @Test
    void nobodySleeps() {
        check(
                noClasses()
                        .should()
                        .callMethod(Thread.class, "sleep", long.class)
                        .orShould()
                        .callMethod(Thread.class, "sleep", long.class, int.class)
                        .orShould()
                        .callMethod(Thread.class, "sleep", java.time.Duration.class));
    }

    @Test
    void onlyProcessEntriesExit() {
        DescribedPredicate<JavaClass> entries =
                DescribedPredicate.describe(
                        "process entries",
                        type ->
                                outermost(type).getSimpleName().endsWith("Main")
                                        || outermost(type).getSimpleName().equals("Up"));
        check(
                noClasses()
                        .that(DescribedPredicate.not(entries))
                        .should()
                        .callMethod(System.class, "exit", int.class)
                        .orShould()
                        .callMethod(Runtime.class, "exit", int.class)
                        .orShould()
                        .callMethod(Runtime.class, "halt", int.class));
    }

    private static JavaClass outermost(JavaClass type) {
        return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
    }

    @ParameterizedTest
    @ValueSource(strings = {"shared", "rules", "gateway", "edge", "standalone", "load"})
    void packagesOfAModuleFormNoCycle(String module) {
        check(slices().matching("io.skerry." + module + ".(*)..").should().beFreeOfCycles());
    }

    @Test
    void verticlesAreVerticles() {
        check(
                classes()
                        .that()
                        .haveSimpleNameEndingWith("Verticle")
                        .should()
                        .beAssignableTo(VerticleBase.class));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "util",
                "utils",
                "common",
                "impl",
                "internal",
                "helper",
                "helpers",
                "manager",
                "model",
                "service",
                "misc"
            })
    void noPackageHidesWhatItIs(String name) {
        check(noClasses().should().resideInAPackage("io.skerry.." + name + ".."));
    }
}

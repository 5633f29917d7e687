package io.skerry.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.LineMap;
import com.sun.source.tree.MethodTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePathScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;

/// What the other checks cannot see: sizes, leftovers and dead links, over all files of the
/// repository.
final class TidyTest {
    private static final int FILE_LINES_MAX = 450;

    /// A test class holds every sentence about its subject.
    private static final int TEST_FILE_LINES_MAX = 700;

    private static final int FUNCTION_LINES_MAX = 70;

    private static final String[] WRITTEN = {
        ".java",
        ".md",
        ".xml",
        ".yml",
        ".yaml",
        ".json",
        ".sql",
        ".c",
        ".h",
        ".js",
        ".css",
        ".html",
        ".txt",
        ".options",
        ".config",
        ".properties",
        ".sh",
        "skerry",
        "run",
        "Dockerfile",
        "Makefile",
        ".editorconfig",
        ".gitignore",
        ".gitattributes"
    };

    // Put together, so that this file does not hold what it looks for.
    private static final Pattern LEFTOVER =
            Pattern.compile("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b");
    private static final Pattern ONE_MACHINE =
            Pattern.compile("(?<![\\w.$}{])/(work|root|tmp/bash" + "_jobs|home/[a-z]+)/");

    private static final Pattern FENCE = Pattern.compile("(?ms)^ *(```|~~~).*?^ *\\1 *$");
    private static final Pattern CODE = Pattern.compile("`[^`\n]*`");
    private static final Pattern H1 = Pattern.compile("(?m)^# \\S");
    private static final Pattern LINK = Pattern.compile("\\]\\(<?([^)\\s>]+)>?[^)]*\\)");
    private static final Pattern SCHEME = Pattern.compile("[a-z][a-z0-9+.-]*:.*|//.*|#.*");

    @Test
    void findsTheSources() {
        assertThat(SourceTree.files("pom.xml")).hasSizeGreaterThanOrEqualTo(7);
        assertThat(SourceTree.files(".java")).hasSizeGreaterThan(60);
    }

    @Test
    void filesHoldOneNounAndNotTwo() {
        List<String> tooLong = new ArrayList<>();
        for (Path file : SourceTree.files(".java")) {
            long lines = SourceTree.text(file).lines().count();
            boolean test = SourceTree.name(file).contains("src/test/");
            if (lines > (test ? TEST_FILE_LINES_MAX : FILE_LINES_MAX)) {
                tooLong.add(SourceTree.name(file) + ": " + lines + " lines");
            }
        }
        assertThat(tooLong).isEmpty();
    }

    @Test
    void functionsHaveAtMost70Lines() throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> found = new ArrayList<>();
        int[] seen = new int[1];
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task =
                    (JavacTask)
                            compiler.getTask(
                                    null,
                                    files,
                                    diagnostic -> {},
                                    List.of("-proc:none"),
                                    null,
                                    files.getJavaFileObjectsFromPaths(SourceTree.files(".java")));
            SourcePositions positions = Trees.instance(task).getSourcePositions();
            for (CompilationUnitTree unit : task.parse()) {
                new LongFunctions(unit, positions, found, seen).scan(unit, null);
            }
        }
        assertThat(seen[0]).isGreaterThan(300);
        assertThat(found).isEmpty();
    }

    private static final class LongFunctions extends TreePathScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final SourcePositions positions;
        private final List<String> found;
        private final int[] seen;

        LongFunctions(
                CompilationUnitTree unit,
                SourcePositions positions,
                List<String> found,
                int[] seen) {
            this.unit = unit;
            this.positions = positions;
            this.found = found;
            this.seen = seen;
        }

        @Override
        public Void visitMethod(MethodTree method, Void nothing) {
            LineMap lines = unit.getLineMap();
            long first = lines.getLineNumber(positions.getStartPosition(unit, method));
            long last = lines.getLineNumber(positions.getEndPosition(unit, method));
            seen[0]++;
            if (last - first + 1 > FUNCTION_LINES_MAX) {
                String file = SourceTree.name(Path.of(unit.getSourceFile().toUri()));
                found.add(file + ":" + first + " " + method.getName() + ": " + (last - first + 1));
            }
            return super.visitMethod(method, null);
        }
    }

    @Test
    void noLineIsLeftForLater() {
        assertThat(linesWith(LEFTOVER)).isEmpty();
    }

    @Test
    void noFileKnowsOneMachine() {
        assertThat(linesWith(ONE_MACHINE)).isEmpty();
    }

    private static List<String> linesWith(Pattern pattern) {
        List<String> found = new ArrayList<>();
        for (Path file : SourceTree.files(WRITTEN)) {
            String[] lines = SourceTree.text(file).split("\n", -1);
            for (int i = 0; i < lines.length; i++) {
                if (pattern.matcher(lines[i]).find()) {
                    found.add(SourceTree.name(file) + ":" + (i + 1) + " " + lines[i].strip());
                }
            }
        }
        return found;
    }

    @Test
    void everyPageHasOneTitle() {
        List<String> found = new ArrayList<>();
        for (Path page : SourceTree.files(".md")) {
            long titles = H1.matcher(prose(page)).results().count();
            if (titles != 1) {
                found.add(SourceTree.name(page) + ": " + titles + " titles");
            }
        }
        assertThat(found).isEmpty();
    }

    @Test
    void everyRelativeLinkLeadsSomewhere() {
        List<String> found = new ArrayList<>();
        for (Path page : SourceTree.files(".md")) {
            Matcher links = LINK.matcher(CODE.matcher(prose(page)).replaceAll(""));
            while (links.find()) {
                String target = links.group(1);
                if (!SCHEME.matcher(target).matches() && !exists(page, target)) {
                    found.add(SourceTree.name(page) + ": " + target);
                }
            }
        }
        assertThat(found).isEmpty();
    }

    private static boolean exists(Path page, String target) {
        int fragment = target.indexOf('#');
        String path = fragment < 0 ? target : target.substring(0, fragment);
        return Files.exists(page.resolveSibling(path));
    }

    private static String prose(Path page) {
        return FENCE.matcher(SourceTree.text(page)).replaceAll("");
    }
}

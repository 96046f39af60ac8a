// Reads pairs of lines, a pattern and a text, each as the hexadecimal numbers of its UTF-16 units; says of each pair whether Java
// matches the whole text: 1, 0, or E if the pattern is none, O if the stack overflows.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

class Matches {
    public static void main(String[] arguments) throws Exception {
        StringBuilder out = new StringBuilder(System.getProperty("java.specification.version") + "\n");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        String last = null;
        Pattern compiled = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String pattern = text(line);
            String text = text(in.readLine());
            char answer;
            try {
                if (!line.equals(last)) {
                    compiled = null;
                    last = line;
                    compiled = Pattern.compile(pattern);
                }
                answer = compiled == null ? 'E' : compiled.matcher(text).matches() ? '1' : '0';
            } catch (PatternSyntaxException e) {
                answer = 'E';
            } catch (StackOverflowError e) {
                answer = 'O';
            } catch (RuntimeException e) {
                answer = 'R';
            }
            out.append(answer).append('\n');
        }
        System.out.print(out);
    }

    static String text(String line) {
        StringBuilder text = new StringBuilder();
        for (int at = 0; at < line.length(); at += 4) {
            text.append((char) Integer.parseInt(line.substring(at, at + 4), 16));
        }
        return text.toString();
    }
}

import ij.IJ;
import ij.ImagePlus;
import ij.Menus;
import ij.macro.Interpreter;
import ij.measure.Calibration;
import ij.process.ColorProcessor;
import ij.process.FloatProcessor;
import ij.process.ImageProcessor;
import java.lang.reflect.Field;
import java.util.Hashtable;
import java.util.StringJoiner;

/** Prints what ImageJ makes of each file, or of what a macro opens: its calibration, its depth, and every value, channel
    by channel. */
public class ReadWithImageJ {
    public static void main(String[] paths) throws ReflectiveOperationException {
        pretendMenus();
        for (String path : paths) {
            boolean isMacro = path.startsWith("open(");
            ImagePlus image = isMacro ? new Interpreter().runBatchMacro(path, null) : IJ.openImage(path);
            Calibration calibration = image.getCalibration();
            StringJoiner line = new StringJoiner("\t");
            line.add(path).add(calibration.getUnit()).add("" + calibration.pixelWidth).add("" + calibration.pixelHeight);
            line.add("" + image.getBitDepth()).add(image.getWidth() + "x" + image.getHeight()).add(values(image));
            System.out.println(line);
        }
        System.exit(0);
    }

    /** A macro's open() first makes menus where there are none, and they need a screen. */
    private static void pretendMenus() throws ReflectiveOperationException {
        Field commands = Menus.class.getDeclaredField("pluginsTable");
        commands.setAccessible(true);
        commands.set(null, new Hashtable<String, String>());
    }

    private static String values(ImagePlus image) {
        StringBuilder text = new StringBuilder();
        for (int slice = 1; slice <= image.getStackSize(); slice++) {
            ImageProcessor pixels = image.getStack().getProcessor(slice);
            if (pixels instanceof ColorProcessor colour) {
                for (int channel = 1; channel <= 3; channel++) append(text, colour.getChannel(channel, null));
            } else {
                append(text, pixels);
            }
        }
        return text.toString().trim();
    }

    private static void append(StringBuilder text, ImageProcessor pixels) {
        boolean isFloat = pixels instanceof FloatProcessor;
        for (int index = 0; index < pixels.getPixelCount(); index++) {
            text.append(isFloat ? (long) pixels.getf(index) : pixels.get(index)).append(' ');
        }
    }
}

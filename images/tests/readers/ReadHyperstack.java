import ij.IJ;
import ij.ImagePlus;
import ij.ImageStack;
import ij.measure.Calibration;
import ij.process.FloatProcessor;
import ij.process.ImageProcessor;
import java.util.StringJoiner;

/** Prints what ImageJ makes of a stack: a line with its sizes and calibration, then for each plane a line with its label
    and all its values; colours as ImageJ packs them. */
public class ReadHyperstack {
    public static void main(String[] paths) {
        ImagePlus image = IJ.openImage(paths[0]);
        Calibration calibration = image.getCalibration();
        StringJoiner line = new StringJoiner("\t");
        line.add("" + image.getWidth()).add("" + image.getHeight());
        line.add("" + image.getNChannels()).add("" + image.getNSlices()).add("" + image.getNFrames());
        line.add("" + image.getBitDepth()).add("" + image.isHyperStack() + image.getStackSize());
        line.add(calibration.getUnit()).add("" + calibration.pixelWidth).add("" + calibration.pixelHeight);
        line.add("" + calibration.pixelDepth).add("" + calibration.frameInterval);
        System.out.println(line);
        ImageStack stack = image.getStack();
        for (int number = 1; number <= stack.getSize(); number++) {
            StringBuilder text = new StringBuilder("" + stack.getSliceLabel(number)).append("\t");
            ImageProcessor pixels = stack.getProcessor(number);
            for (int index = 0; index < pixels.getPixelCount(); index++) {
                boolean isFloat = pixels instanceof FloatProcessor;
                text.append(isFloat ? (long) pixels.getf(index) : pixels.get(index) & 0xffffff).append(' ');
            }
            System.out.println(text);
        }
        System.exit(0);
    }
}

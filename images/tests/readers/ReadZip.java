import java.io.FileInputStream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Reads a ZIP as a stream, as ImageJ and Bio-Formats do, and prints name, size and CRC of each entry. */
public class ReadZip {
    public static void main(String[] paths) throws Exception {
        try (ZipInputStream zip = new ZipInputStream(new FileInputStream(paths[0]))) {
            for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
                CRC32 crc = new CRC32();
                byte[] content = zip.readAllBytes();
                crc.update(content);
                System.out.println(entry.getName() + "\t" + content.length + "\t" + crc.getValue());
            }
        }
    }
}

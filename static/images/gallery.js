/* Gallery and bin: joins their parts. Each part is a module of its own in gallery/. */
import { tellTimeZone } from "./time-zone.js";
import { Actions } from "./gallery/actions.js";
import { connectBin } from "./gallery/bin.js";
import { connectFilters } from "./gallery/filters.js";
import { Grid } from "./gallery/grid.js";
import { Paging } from "./gallery/paging.js";
import { keepPlace, returnToPlace } from "./gallery/place.js";
import { Selection } from "./gallery/selection.js";

const element = document.getElementById("days");

tellTimeZone(element.dataset.zone);
const grid = new Grid(element);
const paging = new Paging(grid);
const selection = new Selection(grid, paging);
const actions = new Actions(grid, selection);
connectFilters();
connectBin(grid, actions);
await returnToPlace(grid, paging, selection);
keepPlace(grid, selection);
paging.start();

/* Gallery and bin: joins their parts. Each part is a module of its own in gallery/. */
import { Actions } from "./gallery/actions.js";
import { connectBin } from "./gallery/bin.js";
import { connectFilters } from "./gallery/filters.js";
import { Grid } from "./gallery/grid.js";
import { Newer } from "./gallery/newer.js";
import { Paging } from "./gallery/paging.js";
import { keepPlace, returnToPlace } from "./gallery/place.js";
import { Running } from "./gallery/running.js";
import { Selection } from "./gallery/selection.js";

const element = document.getElementById("days");

const grid = new Grid(element);
const paging = new Paging(grid);
const running = new Running();
const selection = new Selection(grid, paging, running);
const actions = new Actions(grid, selection, running);
connectFilters();
connectBin(grid, actions);
await returnToPlace(grid, paging, selection);
keepPlace(grid, selection);
paging.start();
if (document.getElementById("newer")) new Newer(grid, paging);
